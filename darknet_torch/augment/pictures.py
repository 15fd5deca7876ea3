"""The pictures of a run, opened as they are drawn. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import CfgError, ImageError, UsageError
from darknet_torch.media.images import read_image


@dataclass(frozen=True)
class OpenedPicture:
    """A picture that could be read.

    Attributes:
        index: which of the run's.
        image: BGR uint8 [H, W, 3], or grey [H, W].
        path: of it.
        problems: those that were drawn before and could not be read.
    """

    index: int
    image: np.ndarray
    path: str
    problems: tuple[Problem, ...]


def open_first_readable(
    paths: tuple[Path, ...], candidates: Iterable[int], channels: int
) -> OpenedPicture:
    """The first of `candidates` that can be read; the others are told of.

    JPEGs are decoded by OpenCV, as Darknet's builds with OpenCV do when they train. It takes
    half the time of stb_image (which predictions need for equal numbers), and decoding is what
    costs most in this pipeline.

    Args:
        channels: of the network, 1 for grey.

    Raises:
        UsageError: none can be read.
    """
    problems: dict[int, Problem] = {}
    for index in candidates:
        if index in problems:
            continue
        try:
            image = read_image(paths[index], decoder="opencv")
        except ImageError as error:
            problems[index] = Problem("unreadable picture", str(paths[index]), str(error))
            continue
        if channels == 1:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return OpenedPicture(index, image, str(paths[index]), tuple(problems.values()))
    raise UsageError(
        f"none of the {len(paths)} pictures can be read",
        expected="one picture at least",
        got=next(iter(problems.values())).what if problems else "an empty list",
    )


def check_channels(net: NetOptions) -> int:
    """The channels of the network's input.

    Raises:
        CfgError: pictures have neither that many nor one.
    """
    if net.is_picture and net.channels in (1, 3):
        return net.channels
    raise CfgError(
        "the network takes no pictures that could be read",
        where=net.where,
        expected="width=, height= and channels=3, or 1 for grey, in [net]",
        got=f"width={net.width}, height={net.height}, channels={net.channels}",
    )


def check_not_empty(paths: tuple[Path, ...], origin: str) -> None:
    """Refuse a run without pictures.

    Raises:
        UsageError: there are none.
    """
    if not paths:
        raise UsageError("no pictures to train on", where=origin, expected="one or more")


def rgb_planes(image: np.ndarray) -> np.ndarray:
    """BGR or grey uint8 in the network's order: RGB uint8 [C, H, W]."""
    return image[None] if image.ndim == 2 else np.stack(cv2.split(image)[::-1])
