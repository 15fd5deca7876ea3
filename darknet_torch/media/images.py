"""Reading pictures as 8-bit BGR, and turning them into a network's input. No torch."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.cfg.preprocessing import GREY
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.files import write_bytes
from darknet_torch.media.decoding import read_picture
from darknet_torch.media.fill import MARGIN_GREY, fill_colour
from darknet_torch.media.resizing import RESIZERS

Image = np.ndarray
_CONVERSIONS = {1: cv2.COLOR_BGR2GRAY, 3: cv2.COLOR_BGR2RGB}  # to a number of channels


def read_image(
    path: str | os.PathLike[str], *, exif: bool = True, decoder: str = "darknet"
) -> Image:
    """Read a picture as BGR uint8 [H, W, 3].

    Grey, 16-bit, CMYK and transparent pictures become 8-bit BGR; transparency is dropped.

    Args:
        path: any format that OpenCV reads; at most `picture_limits.max_pixels()` pixels.
        exif: rotate the picture according to its EXIF orientation.
        decoder: the JPEG decoder: "darknet" for stb_image, which Darknet's CPU build uses;
            "opencv" for OpenCV's, which Darknet's builds with OpenCV use and which is twice as
            fast.

    Raises:
        ImageError: the file is missing, unreadable, empty, not a picture, or nothing is left of
            it.

    Warns:
        CfgWarning: a JPEG is cut off; what is there was read, as Darknet's builds do.
    """
    decoded = read_picture(path, exif=exif, decoder=decoder)
    if decoded.damage is not None:
        warnings.warn(decoded.damage, stacklevel=2)
    return decoded.image


def as_bgr(image: Image) -> Image:
    """Convert a picture array to BGR uint8 [H, W, 3].

    Args:
        image: [H, W], [H, W, 1], [H, W, 3] BGR or [H, W, 4] BGRA; uint8 or uint16.

    Raises:
        ImageError: the array has another shape or type, or is empty.
    """
    shape = list(image.shape)
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4) or not image.size:
        raise ImageError(
            "this array is not a picture",
            expected="[H, W], [H, W, 1], [H, W, 3] BGR or [H, W, 4] BGRA",
            got=shape,
            fix=_shape_advice(shape),
        )
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.dtype != np.uint8:
        raise ImageError(
            "this array is not a picture",
            expected="uint8 in 0-255, or uint16",
            got=image.dtype,
            fix='floats in 0-1: (255 * image).round().astype("uint8"); in 0-255 without the 255',
        )
    return np.repeat(image, 3, 2) if image.shape[2] == 1 else image[:, :, :3]


def _shape_advice(shape: list[int]) -> str | None:
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        return "put the channels last: array.transpose(1, 2, 0)"
    return "give the pictures as a list: list(array)" if len(shape) == 4 else None


@dataclass(frozen=True)
class Placement:
    """The area of the network's input that a picture fills; sizes in pixels.

    The area is centred.

    Attributes:
        height, width: size of the network's input.
        inner_height, inner_width: size of the picture inside it; the same when stretched.
    """

    height: int
    width: int
    inner_height: int
    inner_width: int

    @property
    def is_full(self) -> bool:
        """Whether the picture leaves no margins."""
        return (self.inner_height, self.inner_width) == (self.height, self.width)

    @property
    def margins(self) -> tuple[float, float, float, float]:
        """The left and the top margin in 0-1 of the input, then zeros: a box has x, y, w, h.

        Source: yolo_layer.c correct_yolo_boxes (AlexeyAB). Its margins are exact halves,
        where `letterbox` rounds them down.
        """
        margin_x = (self.width - self.inner_width) / 2 / self.width
        margin_y = (self.height - self.inner_height) / 2 / self.height
        return margin_x, margin_y, 0.0, 0.0

    @property
    def ratios(self) -> tuple[float, float, float, float]:
        """Which part of the input's sides the picture's are: x, y, width, height, in 0-1."""
        ratio_x, ratio_y = self.inner_width / self.width, self.inner_height / self.height
        return ratio_x, ratio_y, ratio_x, ratio_y

    def to_picture(self, boxes_cxcywh: np.ndarray) -> np.ndarray:
        """Convert boxes from the network's input to the picture.

        Args:
            boxes_cxcywh: [K, 4] centre x, centre y, width, height in 0-1 of the input.

        Returns:
            [K, 4] in the same format, in 0-1 of the picture; they may reach beyond it.

        Source: yolo_layer.c correct_yolo_boxes (AlexeyAB).
        """
        return (boxes_cxcywh - self.margins) / self.ratios

    def to_input(self, boxes_cxcywh: np.ndarray) -> np.ndarray:
        """Convert boxes from the picture to the network's input: the inverse of `to_picture`."""
        return boxes_cxcywh * self.ratios + self.margins


def input_placement(image: Image, height: int, width: int, *, letterbox: bool) -> Placement:
    """Return where a picture goes in an input of `height` x `width`, letterboxed or stretched."""
    if not letterbox:
        return Placement(height, width, height, width)
    return letterbox_placement(image.shape[0], image.shape[1], height, width)


def letterbox_placement(own_height: int, own_width: int, height: int, width: int) -> Placement:
    """Return where a picture of a given size goes in an input when its aspect ratio is kept.

    Args:
        own_height, own_width: size of the picture.
        height, width: size of the network's input.

    Source: image.c letterbox_image: float32 ratios compared, whole pixels rounded down.
    """
    if np.float32(width) / np.float32(own_width) < np.float32(height) / np.float32(own_height):
        return Placement(height, width, max(1, own_height * width // own_width), width)
    return Placement(height, width, height, max(1, own_width * height // own_height))


def takes_pictures(channels: int) -> bool:
    """Whether a network with an input of so many channels takes pictures: RGB or grey."""
    return channels in _CONVERSIONS


def check_picture_channels(channels: int) -> None:
    """Check that a network takes pictures, by its number of channels.

    Raises:
        ImageError: it is neither 1 nor 3.
    """
    if not takes_pictures(channels):
        raise ImageError(
            "the network takes no pictures", expected="channels=1 or 3 in [net]", got=channels
        )


def network_input(
    image: Image,
    placement: Placement,
    *,
    channels: int = 3,
    method: str = "darknet",
    fill: str = GREY,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Convert a picture to the network's input.

    Args:
        image: BGR uint8 [H, W, 3].
        placement: from `input_placement`.
        channels: 3 for RGB, 1 for grey.
        method: how to resize: "darknet" for `resize_darknet`, "opencv" for `resize_opencv`.
        fill: the colour of the margins, see `darknet_torch.media.fill.fill_colour`.
        out: see `fit_planes`.

    Returns:
        [channels, height, width] float32 in 0-1, RGB; in memory the channels come last.

    Raises:
        ImageError: the network takes neither 1 nor 3 channels.
    """
    check_picture_channels(channels)
    planes = np.atleast_3d(cv2.cvtColor(image, _CONVERSIONS[channels]))
    margin: float | Sequence[float] = MARGIN_GREY
    if not placement.is_full:
        margin = fill_colour(fill, planes if channels == 1 else image)
    return fit_planes(planes, placement, method=method, margin=margin, out=out)


def fit_planes(
    planes: Image,
    placement: Placement,
    *,
    method: str = "darknet",
    margin: float | Sequence[float] = MARGIN_GREY,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Resize planes and put them in their place in the network's input.

    Args:
        planes: uint8 [H, W, C]; with the method "darknet" also float32 in 0-1.
        placement: from `input_placement`.
        method: see `network_input`.
        margin: the value of the margins in 0-1, or one of each plane.
        out: float32 [height, width, C] to write to; a new array by default.

    Returns:
        [C, height, width] float32 in 0-1: a view of `out`, so that in memory the channels come
        last.

    Source: image.c letterbox_image, resize_image (both code bases).
    """
    if out is None:
        out = np.empty((placement.height, placement.width, planes.shape[2]), np.float32)
    height, width = placement.inner_height, placement.inner_width
    top, left = (placement.height - height) // 2, (placement.width - width) // 2
    rows, columns = slice(top, top + height), slice(left, left + width)
    RESIZERS[method](planes, height, width, out=out[rows, columns])
    for area in (out[:top], out[rows.stop :], out[rows, :left], out[rows, columns.stop :]):
        area[...] = margin
    return out.transpose(2, 0, 1)


def resize_shorter_side(image: Image, size: int, *, channels: int = 3) -> np.ndarray:
    """Resize a picture so that its shorter side is `size`.

    Args:
        image: BGR uint8 [H, W, 3].
        size: length of the shorter side in pixels.
        channels: 3 for RGB, 1 for grey.

    Returns:
        [channels, H, W] float32 in 0-1, RGB; in memory the channels come last.

    Source: image.c resize_min.
    """
    height, width = image.shape[:2]
    if width < height:
        placed = Placement(height * size // width, size, height * size // width, size)
    else:
        placed = Placement(size, width * size // height, size, width * size // height)
    return network_input(image, placed, channels=channels)


def centre_crop(
    planes: np.ndarray, height: int, width: int, *, out: np.ndarray | None = None
) -> np.ndarray:
    """Crop the centre of [C, H, W] to [C, height, width]; edge pixels repeat where it is larger.

    Args:
        planes: [C, H, W].
        height, width: size of the crop.
        out: [height, width, C] to write to; a new array by default.

    Returns:
        A view of `out`, so that in memory the channels come last.

    Source: image.c crop_image, classifier.c predict_classifier (AlexeyAB).
    """
    own_height, own_width = planes.shape[1:]
    rows = np.arange(height) + int((own_height - height) / 2)
    columns = np.arange(width) + int((own_width - width) / 2)
    rows, columns = rows.clip(0, own_height - 1), columns.clip(0, own_width - 1)
    if out is None:
        out = np.empty((height, width, len(planes)), planes.dtype)
    out[...] = planes.transpose(1, 2, 0)[rows[:, None], columns]
    return out.transpose(2, 0, 1)


def classifier_input(
    image: Image,
    height: int,
    width: int,
    *,
    channels: int,
    letterbox: bool,
    fill: str = GREY,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Convert a picture to a classifier's input: letterboxed, or its centre.

    Args:
        image: BGR uint8 [H, W, 3].
        height, width: size of the network's input.
        channels: 3 for RGB, 1 for grey.
        letterbox: fit the whole picture and fill the margins; else resize the shorter side and
            crop the centre.
        fill: as in `network_input`.
        out: float32 [height, width, channels] to write to; a new array by default.

    Returns:
        [channels, height, width] float32 in 0-1, RGB: a view of `out`, so that in memory the
        channels come last.

    Source: classifier.c predict_classifier (both code bases).
    """
    if letterbox:
        placement = input_placement(image, height, width, letterbox=True)
        return network_input(image, placement, channels=channels, fill=fill, out=out)
    resized = resize_shorter_side(image, width, channels=channels)
    return centre_crop(resized, height, width, out=out)


def write_picture(path: Path, image: np.ndarray) -> None:
    """Write a picture in the format of the path's suffix, PNG without one.

    Args:
        path: the file to write.
        image: BGR uint8 [H, W, 3].

    Raises:
        UsageError: OpenCV cannot write this format, or the file cannot be written.
    """
    try:
        encoded, data = cv2.imencode(path.suffix or ".png", image)
    except cv2.error:
        encoded = False
    if not encoded:
        raise UsageError(
            "this picture format cannot be written", where=path, expected=".png or .jpg"
        )
    write_bytes(path, data.tobytes())
