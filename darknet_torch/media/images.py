"""Reading pictures as 8-bit BGR, and resizing and letterboxing them as Darknet does. No torch."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import libstb
import numpy as np

from darknet_torch.errors import ImageError, UsageError
from darknet_torch.files import write_bytes
from darknet_torch.text import backslash_fix, read_bytes

Image = np.ndarray
Picture = str | os.PathLike[str] | np.ndarray
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_GREY = 0.5  # the value of the margins, in 0-1


def read_image(
    path: str | os.PathLike[str], *, exif: bool = True, decoder: str = "darknet"
) -> Image:
    """Read a picture as BGR uint8 [H, W, 3].

    Grey, 16-bit, CMYK and transparent pictures become 8-bit BGR; transparency is dropped.

    Args:
        path: any format that OpenCV reads.
        exif: rotate the picture according to its EXIF orientation.
        decoder: the JPEG decoder: "darknet" for stb_image, which Darknet's CPU build uses;
            "opencv" for OpenCV's, which Darknet's builds with OpenCV use and which is twice as
            fast.

    Raises:
        ImageError: the file is missing, unreadable, empty, cut off or not a picture.
    """
    file = Path(path)
    try:
        data = np.frombuffer(read_bytes(file), np.uint8)
    except FileNotFoundError:
        raise ImageError("no such picture", where=file, fix=backslash_fix(file)) from None
    except OSError as error:
        raise ImageError(f"cannot be read ({error.strerror})", where=file) from None
    if not data.size:
        raise ImageError("the file is empty", where=file, expected="a picture")
    flags = cv2.IMREAD_COLOR if exif else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    if data[:2].tobytes() == _JPEG_START:
        _check_not_truncated(data.tobytes(), file)
        image = _decode_with_stb(data, exif=exif) if decoder == "darknet" else None
        if image is not None:
            return image
    try:
        image = cv2.imdecode(data, flags)
    except cv2.error:
        image = None
    if image is None:
        raise ImageError(
            "not a picture that can be decoded",
            where=file,
            expected="JPEG, PNG, BMP, TIFF, WebP or another format of OpenCV",
        )
    return np.asarray(image)


def _check_not_truncated(data: bytes, file: Path) -> None:
    """Raise an error for a truncated JPEG, whose missing end decoders would fill with grey."""
    if not _reaches_end(data):
        raise ImageError(
            "the picture is cut off: its end is missing",
            where=file,
            got=f"{len(data)} bytes without a JPEG's end mark",
            fix="copy or download it again",
        )


def _reaches_end(data: bytes) -> bool:
    """Return whether a JPEG's segments lead to its end marker; what follows it is ignored."""
    position = len(_JPEG_START)
    while True:
        # Either a segment of known length follows, or, after a scan's header, coded data. In
        # coded data, FF 00 and the restart markers FF D0 - FF D7 do not begin a new segment.
        found = _JPEG_MARKER.search(data, position)
        if found is None:
            return False
        if found.group() == _JPEG_END:
            return True
        position = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")


def _decode_with_stb(data: np.ndarray, *, exif: bool) -> Image | None:
    """Decode a JPEG bit for bit as Darknet's own decoder does; None if that decoder fails.

    OpenCV's decoder differs by up to 3 grey levels in about 5% of the values, which is
    enough to move a small network's confidences by 0.1.
    """
    try:
        decoded = libstb.Image.open(data, channels=3, orient=exif)
    except (libstb.Error, ValueError):
        return None
    return np.ascontiguousarray(decoded.numpy()[:, :, ::-1])


def open_picture(picture: Picture, *, exif: bool = True) -> tuple[Image, str]:
    """Return a picture as BGR uint8 [H, W, 3], and its path; "" for a picture given as an array.

    Raises:
        ImageError: see `read_image`, `as_bgr`.
    """
    if isinstance(picture, np.ndarray):
        return as_bgr(picture), ""
    return read_image(picture, exif=exif), os.fspath(picture)


def as_bgr(image: Image) -> Image:
    """Convert a picture array to BGR uint8 [H, W, 3].

    Args:
        image: [H, W], [H, W, 1], [H, W, 3] BGR or [H, W, 4] BGRA; uint8 or uint16.

    Raises:
        ImageError: the array has another shape or type, or is empty.
    """
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4) or not image.size:
        raise ImageError(
            "this array is not a picture",
            expected="[H, W], [H, W, 1], [H, W, 3] or [H, W, 4]",
            got=list(image.shape),
        )
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.dtype != np.uint8:
        raise ImageError(
            "this array is not a picture",
            expected="uint8 in 0-255, or uint16",
            got=image.dtype,
            fix="multiply a float picture in 0-1 by 255 and convert it",
        )
    return np.repeat(image, 3, 2) if image.shape[2] == 1 else image[:, :, :3]


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

    def to_picture(self, boxes_cxcywh: np.ndarray) -> np.ndarray:
        """Convert boxes from the network's input to the picture.

        Args:
            boxes_cxcywh: [K, 4] centre x, centre y, width, height in 0-1 of the input.

        Returns:
            [K, 4] in the same format, in 0-1 of the picture; they may reach beyond it.

        Source: yolo_layer.c correct_yolo_boxes (AlexeyAB). Its margins are exact halves,
        where `letterbox` rounds them down.
        """
        margin_x = (self.width - self.inner_width) / 2 / self.width
        margin_y = (self.height - self.inner_height) / 2 / self.height
        ratio_x, ratio_y = self.inner_width / self.width, self.inner_height / self.height
        return (boxes_cxcywh - (margin_x, margin_y, 0, 0)) / (ratio_x, ratio_y, ratio_x, ratio_y)

    def to_input(self, boxes_cxcywh: np.ndarray) -> np.ndarray:
        """Convert boxes from the picture to the network's input: the inverse of `to_picture`."""
        margin_x = (self.width - self.inner_width) / 2 / self.width
        margin_y = (self.height - self.inner_height) / 2 / self.height
        ratio_x, ratio_y = self.inner_width / self.width, self.inner_height / self.height
        return boxes_cxcywh * (ratio_x, ratio_y, ratio_x, ratio_y) + (margin_x, margin_y, 0, 0)


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


def network_input(
    image: Image, placement: Placement, *, channels: int = 3, method: str = "darknet"
) -> np.ndarray:
    """Convert a picture to the network's input.

    Args:
        image: BGR uint8 [H, W, 3].
        placement: from `input_placement`.
        channels: 3 for RGB, 1 for grey.
        method: how to resize: "darknet" for `resize_darknet`, "opencv" for `resize_opencv`.

    Returns:
        [channels, height, width] float32 in 0-1, RGB.

    Raises:
        ImageError: the network takes neither 1 nor 3 channels.
    """
    if channels == 1:
        planes = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[:, :, None]
    elif channels == 3:
        planes = image[:, :, ::-1]
    else:
        raise ImageError(
            "the network takes no pictures", expected="channels=1 or 3 in [net]", got=channels
        )
    return fit_planes(planes, placement, method=method)


def fit_planes(planes: Image, placement: Placement, *, method: str = "darknet") -> np.ndarray:
    """Resize planes and put them in their place in the network's input; the margins are grey.

    Args:
        planes: uint8 [H, W, C]; with the method "darknet" also float32 in 0-1.
        placement: from `input_placement`.
        method: see `network_input`.

    Returns:
        [C, height, width] float32 in 0-1.

    Source: image.c letterbox_image, resize_image (both code bases).
    """
    height, width = placement.inner_height, placement.inner_width
    resized = _RESIZERS[method](planes, height, width).transpose(2, 0, 1)
    if (height, width) == (placement.height, placement.width):
        return np.ascontiguousarray(resized)
    out = np.full((planes.shape[2], placement.height, placement.width), _GREY, np.float32)
    top, left = (placement.height - height) // 2, (placement.width - width) // 2
    out[:, top : top + height, left : left + width] = resized
    return out


def resize_shorter_side(image: Image, size: int, *, channels: int = 3) -> np.ndarray:
    """Resize a picture so that its shorter side is `size`.

    Args:
        image: BGR uint8 [H, W, 3].
        size: length of the shorter side in pixels.
        channels: 3 for RGB, 1 for grey.

    Returns:
        [channels, H, W] float32 in 0-1, RGB.

    Source: image.c resize_min.
    """
    height, width = image.shape[:2]
    if width < height:
        placed = Placement(height * size // width, size, height * size // width, size)
    else:
        placed = Placement(size, width * size // height, size, width * size // height)
    return network_input(image, placed, channels=channels)


def centre_crop(planes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Crop the centre of [C, H, W] to [C, height, width]; edge pixels repeat where it is larger.

    Source: image.c crop_image, classifier.c predict_classifier (AlexeyAB).
    """
    own_height, own_width = planes.shape[1:]
    rows = np.arange(height) + int((own_height - height) / 2)
    columns = np.arange(width) + int((own_width - width) / 2)
    rows, columns = rows.clip(0, own_height - 1), columns.clip(0, own_width - 1)
    return np.ascontiguousarray(planes[:, rows[:, None], columns])


def classifier_input(
    image: Image, height: int, width: int, *, channels: int, letterbox: bool
) -> np.ndarray:
    """Convert a picture to a classifier's input: letterboxed, or its centre.

    Args:
        image: BGR uint8 [H, W, 3].
        height, width: size of the network's input.
        channels: 3 for RGB, 1 for grey.
        letterbox: fit the whole picture and pad with grey; else resize the shorter side and
            crop the centre.

    Returns:
        [channels, height, width] float32 in 0-1, RGB.

    Source: classifier.c predict_classifier (both code bases).
    """
    if letterbox:
        placement = input_placement(image, height, width, letterbox=True)
        return network_input(image, placement, channels=channels)
    resized = resize_shorter_side(image, width, channels=channels)
    return centre_crop(resized, height, width)


def resize_darknet(planes: Image, height: int, width: int) -> np.ndarray:
    """Resize bilinearly with aligned corners: the corner pixels of both pictures coincide.

    Args:
        planes: uint8 [H, W, C], or float32 in 0-1.

    Returns:
        float32 [height, width, C] in 0-1.

    Source: image.c resize_image (both code bases), in float32 as there.
    """
    own_height, own_width = planes.shape[:2]
    if (own_height, own_width) == (height, width):
        return _floats(planes)
    rows, row_fractions = _interpolation_taps(own_height, height)
    columns, column_fractions = _interpolation_taps(own_width, width)
    # C copies the last column. For the last row, and for a picture of one row, it uses the
    # upper row alone.
    columns[-1], column_fractions[-1] = own_width - 1, 0
    next_rows = np.minimum(rows + 1, own_height - 1)
    next_columns = np.minimum(columns + 1, own_width - 1)
    next_row_weights = row_fractions.copy()
    next_row_weights[-1] = 0
    if own_height == 1:
        next_row_weights[:] = 0
    if own_width == 1:
        column_fractions[:] = 0
    # Only the rows that are used are converted and resized horizontally, each of them once.
    used_rows, where = np.unique(np.concatenate((rows, next_rows)), return_inverse=True)
    lines = _floats(planes[used_rows])
    column_fractions = column_fractions[None, :, None]
    part = (1 - column_fractions) * lines[:, columns] + column_fractions * lines[:, next_columns]
    upper = (1 - row_fractions)[:, None, None] * part[where[:height]]
    return upper + next_row_weights[:, None, None] * part[where[height:]]


def _floats(planes: np.ndarray) -> np.ndarray:
    """Convert uint8 to float32 in 0-1; floats are in 0-1 already and stay unchanged."""
    return planes / np.float32(255) if planes.dtype == np.uint8 else planes


def _interpolation_taps(size: int, new_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of an axis of `size` pixels that each of `new_size` lies between.

    Returns:
        [new_size] index of the source pixel at or before the sampling position, and
        [new_size] distance from that pixel to the position, in 0-1.
    """
    if new_size == 1:
        return np.zeros(1, np.int64), np.zeros(1, np.float32)
    scale = np.float32(size - 1) / np.float32(new_size - 1)
    positions = np.arange(new_size, dtype=np.float32) * scale
    first = np.minimum(positions.astype(np.int64), size - 1)
    return first, positions - first.astype(np.float32)


def resize_opencv(planes: Image, height: int, width: int) -> np.ndarray:
    """Resize bytes bilinearly by cv2.resize, as Darknet does with video frames.

    Args:
        planes: uint8 [H, W, C].

    Returns:
        float32 [height, width, C] in 0-1.
    """
    resized = cv2.resize(np.ascontiguousarray(planes), (width, height))
    return resized.reshape(height, width, -1) / np.float32(255)


_RESIZERS = {"darknet": resize_darknet, "opencv": resize_opencv}
RESIZE_METHODS = tuple(_RESIZERS)


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
