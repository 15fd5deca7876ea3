"""Reads the pictures of training samples. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.augment.picture_reading import FileReader, PictureReader
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import CfgError, ImageError, UsageError
from darknet_torch.media.decoding import read_picture
from darknet_torch.text import is_file

_on_reading: ContextVar[Callable[[str], None]] = ContextVar("on_reading")

FILE_READER = FileReader()


def report_reading(on_reading: Callable[[str], None]) -> None:
    """From now on call `on_reading` in this thread with the path of each picture to be opened.

    A process that dies while it reads a picture, or never returns, has then said of which.
    """
    _on_reading.set(on_reading)


@dataclass(frozen=True)
class OpenedPicture:
    """A picture that was read.

    Attributes:
        index: its index among the pictures of the data set.
        image: BGR uint8 [H, W, 3], or grey uint8 [H, W].
        path: the picture file.
        problems: the pictures that were tried before and could not be read; also this one if
            it is cut off.
    """

    index: int
    image: np.ndarray
    path: str
    problems: tuple[Problem, ...]


def missing_pictures(paths: Iterable[Path]) -> tuple[Problem, ...]:
    """Find the pictures that do not exist; the problems equal those of `open_first_readable`."""
    found = []
    for path in paths:
        if not is_file(path):
            try:
                read_picture(path)
            except ImageError as error:
                found.append(_unreadable(path, error))
    return tuple(found)


def _unreadable(path: Path, error: ImageError) -> Problem:
    what = str(error).removeprefix(f"{path}: ")
    return Problem("unreadable picture", str(path), f"{what}; another one is drawn instead")


def open_first_readable(
    paths: tuple[Path, ...],
    candidates: Iterable[int],
    channels: int,
    *,
    exif: bool = True,
    reader: PictureReader = FILE_READER,
) -> OpenedPicture:
    """Read the first of `candidates` that can be read, and report the others.

    Args:
        paths: the picture files of the data set.
        candidates: indices of pictures, in the order to try.
        channels: channels of the network's input, 1 for grey.
        exif: rotate pictures according to their EXIF orientation.
        reader: reads the files.

    Raises:
        UsageError: none of the pictures can be read.
    """
    problems: dict[int, Problem] = {}
    for index in candidates:
        if index in problems:
            continue
        if (on_reading := _on_reading.get(None)) is not None:
            on_reading(str(paths[index]))
        try:
            decoded = reader.read(paths[index], exif=exif)
        except ImageError as error:
            problems[index] = _unreadable(paths[index], error)
            continue
        image = decoded.image
        if decoded.damage is not None:
            what = str(decoded.damage).removeprefix(f"{paths[index]}: ")
            problems[index] = Problem("cut off", str(paths[index]), what)
        image = in_channels(image, channels)
        return OpenedPicture(index, image, str(paths[index]), tuple(problems.values()))
    raise UsageError(
        f"none of the {len(paths)} pictures can be read",
        expected="at least one picture",
        got=next(iter(problems.values())).what if problems else "an empty list",
    )


def in_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """A BGR picture [H, W, 3] as it is or, for one channel, grey [H, W]."""
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if channels == 1 else image


def check_channels(net: NetOptions) -> int:
    """The channels of the network's input, 1 or 3.

    Raises:
        CfgError: the input is not a picture, or has another number of channels.
    """
    if net.is_picture and net.channels in (1, 3):
        return net.channels
    raise CfgError(
        "the network's input cannot be a picture",
        where=net.where,
        expected="width=, height= and channels=3, or 1 for grey, in [net]",
        got=f"width={net.width}, height={net.height}, channels={net.channels}",
        fix="write channels=3, or channels=1" if net.is_picture else None,
    )


def check_mini_batch(net: NetOptions) -> None:
    """Refuse more subdivisions than pictures: a mini-batch, batch / subdivisions, has none.

    Source: parser.c parse_net_options, which divides two integers.

    Raises:
        CfgError: subdivisions= is larger than batch=.
    """
    if net.subdivisions > net.batch:
        raise CfgError(
            "a mini-batch, batch / subdivisions, has no pictures in Darknet",
            where=net.where,
            expected=f"subdivisions={net.batch} at most, the same as batch",
            got=f"batch={net.batch}, subdivisions={net.subdivisions}",
            fix=f"write subdivisions={net.batch}",
        )


def check_not_empty(paths: tuple[Path, ...], origin: str) -> None:
    """Refuse to train without pictures.

    Raises:
        UsageError: `paths` is empty.
    """
    if not paths:
        raise UsageError("no pictures to train on", where=origin, expected="at least one")


def rgb_planes(image: np.ndarray) -> np.ndarray:
    """Convert BGR [H, W, 3] or grey [H, W] uint8 to RGB or grey [C, H, W] uint8."""
    return image[None] if image.ndim == 2 else np.stack(cv2.split(image)[::-1])
