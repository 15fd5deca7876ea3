"""The shipped network definitions and lists of class names, found by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path

from darknet_torch.arguments import described
from darknet_torch.cfg.class_lists import read_class_list
from darknet_torch.errors import CfgError, NamesError, nearest
from darknet_torch.text import (
    is_file,
    path_exists,
    similar_file,
    suggest_file,
    text_lines,
)

_PARTIAL = re.compile(r"\.conv\.\d+$")
_NAMES = "one class name per line"
_MOST_NEAR = 3  # names in a message
_NEAR, _MOST_LETTERS = 0.88, 2  # one or two wrong letters in a name
_HERE = Path(__file__).resolve().parents[1]

# The files of `sample_folder`: a model (its cfg, weights and names), a picture, and what the model
# finds in it, which tools/bundled_picture.py writes.
BUNDLED_MODEL, BUNDLED_PICTURE, BUNDLED_DETECTIONS = "bundled", "desk.png", "desk.json"


def definitions_folder() -> Path:
    """Return the folder of the shipped definitions: the installed one, or the source tree's."""
    installed = _HERE / "definitions"
    return installed if installed.is_dir() else _HERE.parent / "cfg"


def sample_folder() -> Path:
    """Return the folder of the bundled model and of the bundled picture."""
    return _HERE / "sample"


def shipped(suffix: str) -> dict[str, Path]:
    """Return the shipped files that end in `suffix` (".cfg", ".names"): their paths by name."""
    return {path.stem: path for path in sorted(definitions_folder().glob(f"*{suffix}"))}


def is_partial_name(path: Path) -> bool:
    """Whether a file is named as a partial weight file, such as darknet53.conv.74."""
    return _PARTIAL.search(path.name) is not None


def companion(path: Path, suffix: str) -> Path:
    """Return the path that a model's file with another suffix has, next to `path`.

    For ".cfg", darknet53.weights and darknet53.conv.74 both give darknet53.cfg.
    """
    return path.parent / f"{partial_stem(path)}{suffix}"  # a path such as / has no name


def partial_stem(path: Path) -> str:
    """Return the name of a file without its suffix, or without ``.conv.N``."""
    return _PARTIAL.sub("", path.name) if is_partial_name(path) else path.stem


def find_named_file(name: str, cfg: str) -> Path | None:
    """Find a file that a cfg names: in the working folder, next to the cfg, or shipped."""
    file = Path(name)
    for path in (file, Path(cfg).parent / file, definitions_folder() / file.name):
        if is_file(path):
            return path
    return None


def nearest_model(word: str, candidates: Iterable[str]) -> str | None:
    """Return the name of a model that a misspelt one stands for; None if none is near.

    Models whose names have other digits, such as yolov8 and yolov7, are different models;
    the number of layers of a partial file may be mistaken.
    """
    digits = _digits(word)
    same = [
        name
        for name in candidates
        if _digits(name) == digits and abs(len(name) - len(word)) <= _MOST_LETTERS
    ]
    return nearest(word.lower(), same, cutoff=_NEAR)


def _digits(name: str) -> set[str]:
    return set(re.findall(r"\d", name.partition(".conv.")[0]))


def find_cfg(cfg: str | os.PathLike[str]) -> Path:
    """Find a cfg file by its path, or by the name of a shipped definition.

    Raises:
        CfgError: there is no such file and no such definition.
    """
    path = Path(cfg)
    if path_exists(path):
        return path
    known = shipped(".cfg")
    name = path.name.removesuffix(".cfg")
    if path.name == os.fspath(cfg) and name in known:
        return known[name]
    local = similar_file(path, lambda file: file.suffix.lower() == ".cfg")
    close = str(local) if local else nearest_model(name, known)
    near = [close] if close else [one for one in known if one.startswith(f"{name}-")]
    question = f"did you mean {' or '.join(map(repr, near[:_MOST_NEAR]))}? " if near else ""
    raise CfgError(
        "no such cfg file, nor a shipped definition of that name",
        where=path,
        fix=f"{question}dtorch info --list names all {len(known)}",
    )


def read_names(path: str | os.PathLike[str]) -> list[str]:
    """Read the class names of a file, one on each line.

    Args:
        path: the file, or the name of a shipped list ("coco", "voc").

    Raises:
        NamesError: there is no such file and no such list, or the file cannot be read, or is
            larger than any; see `read_class_list`.

    Source: data.c get_labels, utils.c get_paths.
    """
    file = Path(path)
    known = shipped(".names")
    if not path_exists(file) and file.name.removesuffix(".names") in known:
        file = known[file.name.removesuffix(".names")]
    try:
        lines = read_class_list(file, text_lines, expected=_NAMES, error=NamesError)
    except NamesError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise NamesError(
                "no such names file",
                where=file,
                expected=f"a path, or one of {', '.join(known)}",
                fix=suggest_file(file),
            ) from None
        raise
    names = [line.strip() for line in lines]
    while names and not names[-1]:
        names.pop()
    return names


def resolve_names(
    names: Sequence[str] | str | os.PathLike[str] | None, classes: int, *, allow_more: bool
) -> tuple[str, ...]:
    """Return the names of a network's classes, or () if they have no names.

    Args:
        names: the names, or the file or shipped list that holds them; None or an empty list for
            no names.
        classes: how many classes the network has.
        allow_more: allow more names than classes.

    Raises:
        NamesError: there are too few or too many names, their file cannot be read, or it is
            not a list of texts.
    """
    if names is None or (isinstance(names, list | tuple) and not names):
        return ()
    where = names if isinstance(names, str | os.PathLike) else None
    found = read_names(where) if where is not None else _listed_names(names)
    if len(found) < classes or (len(found) > classes and not allow_more):
        raise NamesError(
            "the names do not fit the network",
            where=where,
            expected=f"{classes} names, as the network has classes",
            got=f"{len(found)} names",
        )
    return tuple(found)


def _listed_names(names: object) -> list[str]:
    """Return names that a program passes as a list.

    Raises:
        NamesError: it is not a list, whose order counts, or not of texts.
    """
    ordered = isinstance(names, Iterable) and not isinstance(names, bytes | Mapping | Set)
    items = list(names) if ordered and isinstance(names, Iterable) else [names]
    found = [item for item in items if isinstance(item, str)]
    if not ordered or len(found) < len(items):
        wrong = next(item for item in items if not isinstance(item, str))
        raise NamesError(
            "names is not a list of names",
            expected="a list of texts, in the order of the classes, or the path of a names file",
            got=described(wrong),
            fix="names=list(names.values())" if isinstance(names, Mapping) else None,
        )
    return found
