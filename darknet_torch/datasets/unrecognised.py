"""Says what is at a path that is no data set, and what comes nearest to one. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from darknet_torch.datasets.class_files import is_names_file
from darknet_torch.datasets.darknet import read_labels
from darknet_torch.datasets.folder_tree import FolderTree, has_at_most, is_skipped
from darknet_torch.datasets.forms import find_form
from darknet_torch.datasets.label_files import TXT_FOLDERS, LabelFinder
from darknet_torch.errors import DarknetError, UsageError, nearest
from darknet_torch.media.sources import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from darknet_torch.text import MOST_LISTED, backslash_fix, is_folder, path_exists, refusal

_EXPECTED = (
    "a .data file, a data.yaml, a COCO .json, a .csv, a list, or a folder of labelled pictures"
)
_ARCHIVES = frozenset(".zip .tar .gz .tgz .bz2 .xz .7z .rar".split())
_OTHER_LABELS = (".json", ".csv", ".xml")
_SHOWN = 5  # kinds of files and folders in a message
_SUGGESTED = 3
_TRIED = 30  # folders that are looked into
_MOST_FILES = 20_000  # below a folder that is looked into for a suggestion, which must come soon


def unrecognised(path: Path) -> UsageError:
    """The error about a path at which no form of data set is recognised."""
    if is_folder(path):
        return UsageError(
            "no data set",
            where=path,
            expected=_EXPECTED,
            got=_content(path),
            fix=_nearest_in_folder(path),
        )
    if not path_exists(path):
        return UsageError(
            refusal(path) or "no such data set",
            where=path,
            expected=_EXPECTED,
            fix=backslash_fix(path) or nearest_name(path),
        )
    return UsageError("no data set", where=path, expected=_EXPECTED, **_about_file(path))


def _about_file(path: Path) -> dict[str, str]:
    suffix = path.suffix.lower()
    if suffix in _ARCHIVES:
        return {"got": "an archive", "fix": "unpack it, and give the folder"}
    kind = "a picture" if suffix in PICTURE_SUFFIXES else "a file of another kind"
    if suffix in VIDEO_SUFFIXES:
        kind = "a video"
    return {
        "got": kind,
        "fix": _suggest([path.parent]) or "give the folder with the labels",
    }


def _content(folder: Path) -> str:
    """What a folder holds: ``23 .jpg, 22 .txt; folders images, foo``."""
    try:
        inside = sorted(path for path in folder.iterdir() if not is_skipped(path.name))
    except OSError as error:
        return f"a folder that cannot be listed ({error.strerror})"
    suffixes = Counter(path.suffix.lower() for path in inside if not is_folder(path))
    files = [f"{count} {suffix or 'without suffix'}" for suffix, count in suffixes.most_common()]
    folders = [path.name for path in inside if is_folder(path)]
    parts = [_some(files)] if files else []
    if folders:
        parts.append(f"folder{'s' if len(folders) > 1 else ''} {_some(folders)}")
    return "; ".join(parts) or "an empty folder"


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _nearest_in_folder(folder: Path) -> str | None:
    return (
        _suggest(_folders_below(folder))
        or _missing_lists(folder)
        or _bad_labels(folder)
        or _missing_labels(folder)
        or _missing_pictures(folder)
        or _packed(folder)
    )


def nearest_name(path: Path) -> str | None:
    """What has nearly the name of a path that does not exist."""
    try:
        names = [item.name for item in islice(path.parent.iterdir(), MOST_LISTED)]
    except OSError:
        return None
    close = nearest(path.name, names)
    if close is not None:
        return f"did you mean {path.with_name(close)}?"
    return _suggest([path.parent]) if path.parent != Path() else None


def _folders_below(folder: Path) -> Iterator[Path]:
    """Yield the folders in a folder, then those in them."""
    level = [folder]
    for _ in range(2):
        below: list[Path] = []
        for place in level:
            try:
                inside = sorted(place.iterdir())
            except OSError:
                continue
            below += [path for path in inside if is_folder(path) and not is_skipped(path.name)]
        yield from below
        level = below[:_TRIED]


def inner_data_sets(folder: Path) -> list[Path]:
    """The data sets of a detector in the folders below one, two levels deep."""
    return _find_data_sets(_folders_below(folder))


def _find_data_sets(folders: Iterable[Path]) -> list[Path]:
    found: dict[Path, Path] = {}  # by the folder that was looked into
    for folder in islice(folders, _TRIED):
        if any(place in folder.parents for place in found):
            continue
        try:
            form = find_form(folder)
        except DarknetError:
            continue
        if form is not None:
            found[folder] = form[1]
    return [*found.values()]


def _suggest(folders: Iterable[Path]) -> str | None:
    """The data sets in folders, of which those with very many files are left out."""
    tried = islice(folders, _TRIED)
    found = _find_data_sets(each for each in tried if has_at_most(each, _MOST_FILES))
    return f"did you mean {' or '.join(map(str, found[:_SUGGESTED]))}?" if found else None


def _missing_lists(folder: Path) -> str | None:
    files = sorted(folder.glob("*.data"))
    if not files:
        return None
    return f"{files[0]} names lists that do not exist; dtorch check {files[0]} says which"


def _bad_labels(folder: Path) -> str | None:
    """Why the label file of a picture is none."""
    finder = LabelFinder(".txt", TXT_FOLDERS, folder)
    for picture in islice(FolderTree.scan(folder).pictures(), _TRIED):
        file = finder.find(picture)
        problems = read_labels(file)[1] if file and not is_names_file(file) else []
        if problems:
            return f"the labels are not Darknet's: {problems[0]}"
    return None


def _missing_labels(folder: Path) -> str | None:
    """Where the labels of pictures would be."""
    tree = FolderTree.scan(folder)
    pictures = tree.pictures()
    if not pictures:
        return None
    place = Counter(path.parent for path in pictures).most_common(1)[0][0]
    inside = f"{place.relative_to(folder)}/" if place != folder else ""
    missing = (
        f"the pictures are in {place}/, labels missing: expected {inside}*.txt or labels/*.txt"
    )
    other = next(tree.with_suffix(_OTHER_LABELS), None)
    if other is None:
        return missing
    return f"{missing}; {other} is in no form that is known: export it as YOLO, COCO or Pascal VOC"


def _missing_pictures(folder: Path) -> str | None:
    """Where the pictures of labels would be."""
    for file in islice(FolderTree.scan(folder).with_suffix([".txt"]), _TRIED):
        labels, problems = read_labels(file)
        if labels is not None and len(labels) and not problems:
            where = f"the labels are in {file.parent}/"
            return f"{where}, pictures missing: put them there, or into images/"
    return None


def _packed(folder: Path) -> str | None:
    found = next(FolderTree.scan(folder).with_suffix(_ARCHIVES), None)
    return None if found is None else f"unpack {found}"
