"""Functions that the writers of all formats share. No torch."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem
from darknet_torch.datasets.missing_pictures import MISSING
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.files import atomic_write, write_text
from darknet_torch.media.picture_bytes import starts_as_picture
from darknet_torch.results.boxes import cxcywh_to_xyxy
from darknet_torch.text import is_file, is_folder, path_exists, real_path, refusal


@dataclass(frozen=True)
class PlacedExample:
    """An example and the path of its picture in the new data set."""

    example: Example
    picture: Path


def write_new_file(path: Path, text: str) -> None:
    """Write a new file atomically, and create its folders.

    Raises:
        UsageError: the file cannot be written, or already exists.
    """
    if path_exists(path):
        raise UsageError("already exists", where=path, fix="choose another --out")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=path) from None
    write_text(path, text)


@contextmanager
def removed_on_failure(*paths: Path) -> Iterator[None]:
    """Remove what the block writes if it fails, so that it writes everything or nothing.

    Args:
        paths: the files and folders that it writes. Those that are there before stay; a folder
            that was empty will be empty again.
    """
    existing = {path for path in paths if path_exists(path)}
    empty = [path for path in existing if is_folder(path) and not any(path.iterdir())]
    try:
        yield
    except BaseException:  # an interruption, too, must leave nothing incomplete
        inside = [one for path in empty for one in path.iterdir()]
        for path in (*inside, *(path for path in paths if path not in existing)):
            with suppress(OSError, ValueError):  # the error that is raised says what happened
                if is_folder(path) and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        raise


def place_pictures(
    splits: Mapping[str, DataSet], folder: Path, mode: str
) -> tuple[dict[str, list[PlacedExample]], list[Problem]]:
    """Copy or link the pictures of all splits into `folder`.

    A picture keeps its name. If another picture has the same name without the suffix, a number
    is added, since labels are found by the name without the suffix. A file that is no picture is
    not copied: a stranger's data set may name any file, and what is written may be published.

    Args:
        splits: the data set's splits by name.
        folder: the folder for the pictures.
        mode: one of `formats.PICTURE_MODES`; with "keep" pictures stay in place and nothing is
            written.

    Returns:
        The examples of each split with the new paths of their pictures, without those whose path
        the system refuses, and with "keep" without those that do not exist; and the problems.

    Raises:
        UsageError: an existing picture cannot be copied or linked.
    """
    paths = dict.fromkeys(item.path for data in splits.values() for item in data.examples)
    placed = {path: path.absolute() for path in paths}
    problems = []
    if mode != "keep":
        placed = {path: folder / name for path, name in _unique_names(paths).items()}
    for path, target in placed.items():
        if not is_file(path):
            what = refusal(path) or "no such picture"
            problems.append(Problem(MISSING, str(path), what))
        elif mode == "copy" and not starts_as_picture(path):
            what = "not a picture, so that it is not copied"
            problems.append(Problem("unreadable picture", str(path), what))
        elif mode != "keep":
            _copy_or_link(path, target, mode)
    found = {
        name: [
            PlacedExample(item, placed[item.path])
            for item in data.examples
            if refusal(placed[item.path]) is None and (mode != "keep" or is_file(item.path))
        ]
        for name, data in splits.items()
    }
    return found, problems


def _unique_names(paths: Iterable[Path]) -> dict[Path, str]:
    taken: set[str] = set()
    found = {}
    for path in paths:
        stem, number = path.stem, 1
        while stem.lower() in taken:  # some file systems ignore case
            number += 1
            stem = f"{path.stem}-{number}"
        taken.add(stem.lower())
        found[path] = stem + path.suffix
    return found


def _copy_or_link(path: Path, target: Path, mode: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if mode == "link":
            target.symlink_to(real_path(path))
            return
        with path.open("rb") as source, atomic_write(target) as copy:
            shutil.copyfileobj(source, copy)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=target) from None


def corners_in_pixels(
    item: Example, problems: list[Problem]
) -> tuple[tuple[int, int], np.ndarray] | None:
    """The size of a picture, and its boxes in pixels.

    Args:
        item: the picture.
        problems: gets a problem added if the size is unknown.

    Returns:
        (height, width) in pixels, and [K, 4] left, top, right, bottom in pixels from 0 at the
        top left corner; None if the size is unknown.
    """
    try:
        height, width = item.measure()
    except ImageError as error:
        problems.append(Problem("no size", str(item.path), f"left out: {error}"))
        return None
    labels = Labels.empty() if item.labels is None else item.labels
    return (height, width), cxcywh_to_xyxy(labels.boxes) * (width, height, width, height)
