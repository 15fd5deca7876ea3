"""Transforms that move what a picture shows, and its boxes with it. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import cv2
import numpy as np

from darknet_torch.augment.random_streams import coin_flip, uniform, uniform_integer
from darknet_torch.augment.transforms.base import Transform, always
from darknet_torch.augment.transforms.labelled_image import LabelledImage
from darknet_torch.augment.transforms.parameters import (
    Fraction,
    Range,
    WholeRange,
    Word,
    parameter,
)
from darknet_torch.cfg.preprocessing import PICTURE_MEAN
from darknet_torch.media.fill import fill_bytes

_BORDERS = {
    "fill": cv2.BORDER_CONSTANT,
    "mean": cv2.BORDER_CONSTANT,
    "black": cv2.BORDER_CONSTANT,
    "edge": cv2.BORDER_REPLICATE,
}


@dataclass(frozen=True, kw_only=True)
class Resize(Transform):
    """Resize the picture; its aspect ratio stays."""

    name: ClassVar[str] = "resize"

    longer_side: tuple[int, int] = parameter(
        (640, 640), WholeRange(16, 8192), "the longer side in pixels"
    )
    probability: float = always()

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        return resize(picture, uniform_integer(random, *self.longer_side))


def resize(picture: LabelledImage, longer_side: int) -> LabelledImage:
    """Resize a picture until its longer side has that many pixels.

    Smaller pictures are means of areas (OpenCV's INTER_AREA), larger ones are interpolated.
    """
    height, width = picture.image.shape[:2]
    scale = longer_side / max(height, width)
    new_height, new_width = (max(1, round(side * scale)) for side in (height, width))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = cv2.resize(picture.image, (new_width, new_height), interpolation=method)
    return picture.moved(
        image, picture.boxes * np.tile((new_width / width, new_height / height), 2)
    )


@dataclass(frozen=True, kw_only=True)
class Flip(Transform):
    """Mirror the picture."""

    name: ClassVar[str] = "flip"

    direction: str = parameter(
        "horizontal",
        Word(("horizontal", "vertical", "either")),
        "left and right change places, or top and bottom, or one of the two at random",
    )

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        either = self.direction == "either" and coin_flip(random)
        return flip(picture, vertical=either or self.direction == "vertical")


def flip(picture: LabelledImage, *, vertical: bool) -> LabelledImage:
    """Mirror a picture: left and right change places or, if `vertical`, top and bottom."""
    axis = 1 if vertical else 0
    side = picture.image.shape[1 - axis]
    boxes = picture.boxes.copy()
    boxes[:, [axis, axis + 2]] = side - boxes[:, [axis + 2, axis]]
    return picture.moved(cv2.flip(picture.image, 1 - axis), boxes)


@dataclass(frozen=True, kw_only=True)
class Affine(Transform):
    """Rotate, shear, scale and move the picture about its centre; its size stays."""

    name: ClassVar[str] = "affine"

    rotation: tuple[float, float] = parameter(
        (-5.0, 5.0), Range(-180, 180), "degrees, above 0 against the clock"
    )
    shear: tuple[float, float] = parameter(
        (0.0, 0.0), Range(-45, 45), "degrees, drawn for each of the two axes"
    )
    scale: tuple[float, float] = parameter((0.9, 1.1), Range(0.1, 10), "a factor")
    translation: tuple[float, float] = parameter(
        (-0.1, 0.1), Range(-1, 1), "a fraction of the side, drawn for each; above 0 right and down"
    )
    border: str = parameter(
        "fill",
        Word(tuple(_BORDERS)),
        "around the picture: the colour of [net] fill=, which is the mean without it, "
        "its mean colour, black, or its edge",
    )
    boxes: str = parameter(
        "corners",
        Word(("corners", "ellipse")),
        "a box goes around the corners of the old one, or around the ellipse that fills it",
    )
    visible: float = parameter(
        0.25,
        Fraction(),
        "drop boxes of which less than this part of the area stays in the picture",
    )
    fill: str = PICTURE_MEAN  # of the network, one of `FILLS`: the colour of the border "fill"

    def filled_with(self, fill: str) -> Transform:
        """`Transform.filled_with`."""
        return replace(self, fill=fill)

    def change(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """`Transform.change`."""
        angle = uniform(random, *self.rotation)
        shear = uniform(random, *self.shear), uniform(random, *self.shear)
        scale = uniform(random, *self.scale)
        shift = uniform(random, *self.translation), uniform(random, *self.translation)
        matrix = affine_matrix(picture.image.shape[:2], angle, shear, scale, shift)
        image = warp(picture.image, matrix, self.border, self.fill)
        move = boxes_around_corners if self.boxes == "corners" else boxes_around_ellipses
        return picture.moved(image, move(picture.boxes, matrix)).clipped(self.visible)


def affine_matrix(
    size: tuple[int, int],
    rotation: float,
    shear: tuple[float, float],
    scale: float,
    translation: tuple[float, float],
) -> np.ndarray:
    """The matrix [2, 3] from positions in pixels of a picture to those in the transformed one.

    Args:
        size: height and width of the picture in pixels.
        rotation: degrees against the clock, about the centre.
        shear: degrees: of vertical lines along x, and of horizontal lines along y.
        scale: a factor.
        translation: fractions of the width and the height.
    """
    height, width = size
    cosine, sine = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    along_x, along_y = (math.tan(math.radians(angle)) for angle in shear)
    turn = np.array(((cosine, sine), (-sine, cosine)))  # y points down
    linear = turn @ np.array(((1, along_x), (along_y, 1))) * scale
    centre = np.array((width / 2, height / 2))
    shift = centre - linear @ centre + np.array(translation) * (width, height)
    return np.column_stack((linear, shift))


def warp(
    image: np.ndarray, matrix: np.ndarray, border: str, fill: str = PICTURE_MEAN
) -> np.ndarray:
    """Apply a matrix as that of `affine_matrix` to an image; its size stays.

    Args:
        image: BGR uint8 [H, W, 3].
        matrix: [2, 3].
        border: as in `Affine`.
        fill: the colour of the border "fill", one of `FILLS`.
    """
    colour = {"fill": fill, "mean": PICTURE_MEAN}.get(border)
    half = np.full(2, 0.5)  # OpenCV counts from the centre of the first pixel, boxes from its edge
    shift = matrix[:, 2] + matrix[:, :2] @ half - half
    height, width = image.shape[:2]
    return cv2.warpAffine(
        image,
        np.column_stack((matrix[:, :2], shift)),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=_BORDERS[border],
        borderValue=fill_bytes(colour, image) if colour else 0,
    )


def boxes_around_corners(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The boxes [K, 4] around the transformed corners of boxes [K, 4], not clipped."""
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate((moved.min(1), moved.max(1)), 1)


def boxes_around_ellipses(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The boxes [K, 4] around the transformed ellipses that fill boxes [K, 4], not clipped."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    reach = np.sqrt(((boxes[:, 2:] - boxes[:, :2]) / 2) ** 2 @ (matrix[:, :2] ** 2).T)
    return np.concatenate((centres - reach, centres + reach), 1)
