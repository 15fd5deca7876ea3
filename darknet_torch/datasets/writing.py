"""What the writers of all forms share. No torch."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darknet_torch.datasets.model import DataSet, Example, Labels, Problem
from darknet_torch.datasets.pictures import picture_size
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.files import atomic_write, write_text
from darknet_torch.results.boxes import cxcywh_to_xyxy


@dataclass(frozen=True)
class Placed:
    """An example and where its picture is to lie."""

    example: Example
    picture: Path


def write_new(path: Path, text: str) -> None:
    """Write a file whole or not at all, and the folders it lies in.

    Raises:
        UsageError: it cannot be written, or is there already.
    """
    if path.exists():
        raise UsageError("is there already", where=path, fix="choose another --out")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=path) from None
    write_text(path, text)


def place(
    splits: Mapping[str, DataSet], folder: Path, way: str
) -> tuple[dict[str, list[Placed]], list[Problem]]:
    """Put the pictures of all splits into `folder`.

    A picture keeps its name, with a number where another one has the same but for the suffix:
    its labels are found by the name without the suffix.

    Args:
        way: one of `forms.PICTURE_WAYS`; with "keep" pictures stay, and nothing is written.

    Returns:
        The examples of each split with their pictures' new places, and what went wrong.

    Raises:
        UsageError: a picture that is there cannot be copied or linked.
    """
    paths = dict.fromkeys(item.path for data in splits.values() for item in data.examples)
    placed = {path: path.absolute() for path in paths}
    problems = []
    if way != "keep":
        placed = {path: folder / name for path, name in _unique_names(paths).items()}
    for path, target in placed.items():
        if not path.is_file():
            problems.append(Problem("missing picture", str(path), "no such picture"))
        elif way != "keep":
            _transfer(path, target, way)
    found = {
        name: [Placed(item, placed[item.path]) for item in data.examples]
        for name, data in splits.items()
    }
    return found, problems


def _unique_names(paths: Iterable[Path]) -> dict[Path, str]:
    taken: set[str] = set()
    found = {}
    for path in paths:
        stem, number = path.stem, 1
        while stem.lower() in taken:  # some file systems do not tell a from A
            number += 1
            stem = f"{path.stem}-{number}"
        taken.add(stem.lower())
        found[path] = stem + path.suffix
    return found


def _transfer(path: Path, target: Path, way: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if way == "link":
            target.symlink_to(path.resolve())
            return
        with path.open("rb") as source, atomic_write(target) as copy:
            shutil.copyfileobj(source, copy)
    except OSError as error:
        raise UsageError(f"cannot be put there ({error.strerror})", where=target) from None


def corners_in_pixels(
    item: Example, problems: list[Problem]
) -> tuple[tuple[int, int], np.ndarray] | None:
    """The size of a picture, and its boxes in pixels.

    Returns:
        Height and width; [K, 4] left, top, right, bottom from 0 at the picture's corner. None,
        with the problem told, if the size is not known.
    """
    try:
        height, width = item.size or picture_size(item.path)
    except ImageError as error:
        problems.append(Problem("no size", str(item.path), f"left out: {error}"))
        return None
    labels = Labels.of() if item.labels is None else item.labels
    return (height, width), cxcywh_to_xyxy(labels.boxes) * (width, height, width, height)
