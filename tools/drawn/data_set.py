"""Drawn pictures on disk, as a data set for Darknet."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.errors import UsageError
from darknet_torch.files import write_bytes, write_text
from tools.drawn.classes import CLASSES
from tools.drawn.picture import draw_picture

# What tells that a folder is one of ours, and with which settings it was drawn.
RECORD = "drawn.json"
NAMES, DATA = "drawn.names", "drawn.data"
_QUALITY = 95
# Width and height of pictures as parts of the longer side, most often as cameras have them.
_FORMATS = ((1.0, 1.0), (1.0, 0.75), (1.0, 0.75), (0.75, 1.0))


@dataclass(frozen=True)
class Settings:
    """What decides over all pictures of a data set.

    Attributes:
        train, valid: the number of pictures of each list.
        seed: of the random numbers; pictures of the same seed, list and number are the same.
        side: the longer side of the pictures in pixels; they are square, 4:3 or 3:4.
    """

    train: int
    valid: int
    seed: int
    side: int = 256


def draw_data_set(
    folder: Path, settings: Settings, report: Callable[[str], None] = lambda _: None
) -> Path:
    """Draw the pictures of a data set that are not there yet.

    The folder gets `train/` and `valid/` with JPEGs and label files, a list of each, the names
    of the classes, and `drawn.data`, all with relative paths.

    Args:
        folder: a new or empty folder, or one that was begun with the same settings.
        report: is called with a line of text now and then.

    Returns:
        The path of the `.data` file.

    Raises:
        UsageError: the folder holds anything else, or cannot be written.
    """
    claim(folder, asdict(settings))
    lists = {"train": settings.train, "valid": settings.valid}
    for stream, (name, count) in enumerate(lists.items()):
        (folder / name).mkdir(exist_ok=True)
        for number in range(count):
            _draw_one(folder / name / f"{number:06}.jpg", settings, stream, number)
            if (number + 1) % 1000 == 0:
                report(f"{folder}: {number + 1} of {count} pictures to {name}")
        lines = (f"{name}/{number:06}.jpg\n" for number in range(count))
        write_text(folder / f"{name}.txt", "".join(lines))
    return write_description(folder, {name: f"{name}.txt" for name in lists})


def write_description(folder: Path, lists: dict[str, str]) -> Path:
    """Write the names of the classes and the `.data` file, with these lists; return its path."""
    write_text(folder / NAMES, "".join(f"{name}\n" for name in CLASSES))
    data = {"classes": len(CLASSES), **lists, "names": NAMES}
    write_text(folder / DATA, "".join(f"{key} = {value}\n" for key, value in data.items()))
    return folder / DATA


def claim(folder: Path, settings: dict[str, object]) -> None:
    """Write the record of the settings into a new folder, or check that of an old one.

    Raises:
        UsageError: the folder holds anything else.
    """
    record = folder / RECORD
    fix = "name a new folder, or remove this one"
    if record.is_file():
        there = json.loads(record.read_text())
        if there != settings:
            what = "holds pictures that were drawn with other settings"
            raise UsageError(what, where=folder, expected=settings, got=there, fix=fix)
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "is not a folder of drawn pictures",
            where=folder,
            expected=f"an empty folder, or one with {RECORD}",
            fix=fix,
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(record, json.dumps(settings) + "\n")


def _draw_one(path: Path, settings: Settings, stream: int, number: int) -> None:
    """Draw a picture, unless it is there: the picture is written after its labels."""
    if path.exists():
        return
    random = np.random.RandomState([settings.seed, stream, number])
    width, height = _FORMATS[random.randint(len(_FORMATS))]
    size = round(width * settings.side), round(height * settings.side)
    picture, boxes = draw_picture(random, size)
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    write_labels(path, boxes)
    write_bytes(path, data.tobytes())


def write_labels(picture: Path, boxes: np.ndarray) -> None:
    """Write the label file of a picture with these boxes [K, 5]."""
    write_text(picture.with_suffix(".txt"), "".join(f"{label_line(row)}\n" for row in boxes))


def label_line(row: np.ndarray) -> str:
    """Return the line of a label file for a row of class, left, top, right, bottom in 0-1."""
    class_id, left, top, right, bottom = row
    box = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    return " ".join((f"{class_id:.0f}", *(f"{value:.6f}" for value in box)))
