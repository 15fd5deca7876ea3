"""Finds the folder that the picture names of a COCO or CSV file are relative to. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from darknet_torch.errors import UsageError, nearest
from darknet_torch.text import is_folder, path_exists, refusal

_FOLDERS = ("images", "JPEGImages", "img", "imgs", "pictures", "photos")
_TRIED = 20  # names that are looked for


def find_picture_folder(file: Path, split: str, names: Sequence[str]) -> Path:
    """The folder in which the pictures of a file are.

    It is that of the file, or one near it that is called images or after the split; the first
    in which one of the first names exists.

    Args:
        file: the file that names the pictures.
        split: its split, such as "train" of instances_train2017.json.
        names: the pictures, relative to the folder.

    Returns:
        The folder; that of the file if no picture exists.
    """
    tried = [name.replace("\\", "/") for name in names[:_TRIED]]
    for folder in _candidates(file, split):
        if any(path_exists(folder / name) for name in tried):
            return folder
    return file.parent


def check_picture_folder(folder: Path) -> None:
    """Check that a folder that is given for the pictures exists.

    Raises:
        UsageError: it does not, or is a file; the message names a folder that was meant, if one
            is near.
    """
    if is_folder(folder):
        return
    if path_exists(folder):
        raise UsageError("is no folder", where=folder, expected="the folder of the pictures")
    raise UsageError(
        refusal(folder) or "no such folder",
        where=folder,
        expected="the folder of the pictures",
        fix=_suggest_folder(folder),
    )


def _suggest_folder(folder: Path) -> str | None:
    """The folder whose name is nearest, else those that are where it would be."""
    place = next(parent for parent in folder.absolute().parents if is_folder(parent))
    try:
        names = sorted(path.name for path in place.iterdir() if is_folder(path))
    except OSError:
        return None
    shown = place if folder.is_absolute() else folder.parent if is_folder(folder.parent) else place
    if (close := nearest(folder.name, names)) is not None:
        return f"did you mean {shown / close}?"
    return f"the folders in {shown} are {', '.join(names[:_TRIED])}" if names else None


def _candidates(file: Path, split: str) -> Iterator[Path]:
    """Yield the folder of the file and those near it, nearest first."""
    stem = file.stem.removeprefix("instances_")
    words = tuple(dict.fromkeys((stem, split)))
    for root in (file.parent, file.parent.parent):
        yield root
        for name in _FOLDERS:
            if is_folder(root / name):
                yield from (root / name / word for word in words)
                yield root / name
        for word in words:
            yield root / word
            yield root / word / "images"
