"""Finds the class names that lie next to pictures and labels. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from darknet_torch.datasets.examples import Example, Problem
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.errors import UsageError
from darknet_torch.text import is_file, is_folder

NAMES_FILES = frozenset(("classes.txt", "_darknet.labels", "obj.names"))
UNNAMED = "unnamed classes"  # the kind of problem
_SUFFIX = ".names"
_MOST_UNNAMED = 10_000  # a larger class id is a mistake, not a class
_SHOWN = 5  # names of a file, in a message


def is_names_file(path: Path) -> bool:
    """Whether a file is called as labelling programs call lists of class names."""
    return path.name.lower() in NAMES_FILES or path.suffix.lower() == _SUFFIX


def names_files(folders: Iterable[Path]) -> list[Path]:
    """The files with class names directly in these folders."""
    found: list[Path] = []
    for folder in dict.fromkeys(folders):
        if is_folder(folder):
            inside = sorted(folder.iterdir())
            found += [path for path in inside if is_names_file(path) and is_file(path)]
    return found


def find_class_names(files: Sequence[Path]) -> tuple[str, ...]:
    """The class names in these files; empty if there are none.

    Raises:
        UsageError: files have different names.
        NamesError: a file cannot be read, or is empty.
    """
    found = {resolve_class_names(file): file for file in reversed(files)}
    if len(found) > 1:
        first, second, *_ = reversed(found)
        raise UsageError(
            "two files have different class names",
            where=found[second],
            expected=f"the names of {found[first]}: {_listed(first)}",
            got=_listed(second),
            fix="give the right one with --names FILE, or remove the other",
        )
    return next(iter(found), ())


def _listed(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def folders_of_names(examples: Sequence[Example]) -> Iterator[Path]:
    """Yield the folders of pictures and labels, and those above them, where names may be."""
    labels = (item.label_file for item in examples if item.labels is not None)
    files = [*(file for file in labels if file is not None), *(item.path for item in examples)]
    for folder in dict.fromkeys(file.parent for file in files):
        yield from (folder, folder.parent)


def numbered_names(classes: int) -> tuple[str, ...]:
    """Return a name for each of the classes, such as ``class 0``."""
    return tuple(f"class {number}" for number in range(classes))


def unnamed_classes(
    examples: Iterable[Example], where: object
) -> tuple[tuple[str, ...], list[Problem]]:
    """Names such as "class 0" for all classes that have boxes, and a note that says so."""
    ids = [
        int(key)
        for item in examples
        if item.labels is not None
        for key in item.labels.class_ids
        if 0 <= key < _MOST_UNNAMED
    ]
    names = numbered_names(max(ids, default=-1) + 1)
    what = f"the classes have no names; they are called class 0 to class {len(names) - 1}"
    note = Problem(UNNAMED, str(where), what, is_note=True)
    return names, [note] if names else []
