"""Decoding pictures as 8-bit BGR; also what is still there of a damaged one. No torch."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.errors import CfgWarning, ImageError
from darknet_torch.media import stb
from darknet_torch.media.declared_size import declared_size
from darknet_torch.media.jpeg import JPEG_END, JPEG_START, MOST_SEGMENTS, JpegStructure
from darknet_torch.media.picture_bytes import check_length, read_picture_bytes
from darknet_torch.media.picture_limits import (
    COPY_AGAIN,
    CUT_OFF,
    check_declared_size,
    check_pixels,
    max_pixels,
    too_many_pixels,
)
from darknet_torch.media.png import PNG_START, check_chunks, without_unprintable_profiles

# Every scan of a JPEG passes over the whole picture, though it may have a few bytes only; programs
# write about 10. So many are read, and of large pictures so many as pass over the largest one.
_MOST_SCANS, _MOST_OF_LARGEST = 100, 20
_NO_MEMORY = -4  # the code of OpenCV's error
_OWN_LIMIT = "CV_IO_MAX_IMAGE"  # in the messages of errors about OpenCV's limits
_REDUCED_GREY = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
}


@dataclass(frozen=True)
class DecodedPicture:
    """A picture that was read.

    Attributes:
        image: BGR uint8 [H, W, 3].
        damage: what is wrong with the file, though it could be read; None if nothing is.
    """

    image: np.ndarray
    damage: CfgWarning | None = None


def read_picture(
    path: str | os.PathLike[str], *, exif: bool = True, decoder: str = "darknet"
) -> DecodedPicture:
    """Read a picture file; `darknet_torch.media.images.read_image` says more.

    Of a JPEG that is cut off, what is there is read, and the rest is filled up: as Darknet's CPU
    build does where that build leaves no memory unwritten (see `JpegStructure`), else as its
    builds with OpenCV do.

    Raises:
        ImageError: the file is missing, unreadable, empty, not a picture, or too damaged.
    """
    data = read_picture_bytes(path)
    return decode_picture(data, where=Path(path), exif=exif, decoder=decoder)


def decode_picture(
    data: bytes, *, where: object, exif: bool = True, decoder: str = "darknet"
) -> DecodedPicture:
    """Decode the content of a picture file as `read_picture` does.

    Args:
        data: the whole content.
        where: the file, URL or argument that it comes from, for messages.
        exif, decoder: see `darknet_torch.media.images.read_image`.

    Raises:
        ImageError: the data is empty, not a picture, or too damaged.
    """
    _check_content(data, where)
    if data.startswith(JPEG_START):
        return _decode_jpeg(data, where, exif=exif, decoder=decoder)
    image = _decode_with_opencv(data, where, exif=exif)
    if image is None:
        raise _not_decodable(where)
    return DecodedPicture(image)


def read_grey(
    path: str | os.PathLike[str], *, exif: bool = True, least_side: int = 1
) -> np.ndarray:
    """Read a picture file as grey uint8 [H, W], quickly, to compare pictures and not to show them.

    Args:
        path: any format that OpenCV reads; of a JPEG that is cut off, what is there is read.
        exif: rotate the picture according to its EXIF orientation.
        least_side: decode at a half, a quarter or an eighth of the size, as long as both sides
            keep this many pixels.

    Raises:
        ImageError: as `read_picture`.
    """
    data, file = read_picture_bytes(path), Path(path)
    _check_content(data, file)
    side = min(declared_size(data) or (0, 0))
    flags = next(
        (flags for factor, flags in _REDUCED_GREY.items() if side >= factor * least_side),
        cv2.IMREAD_GRAYSCALE,
    )
    if data.startswith(JPEG_START):
        _check_effort(JpegStructure.parse(data), data, file)
        data += JPEG_END  # a whole JPEG ends before it
    image = _decode_with_opencv(data, file, exif=exif, flags=flags)
    if image is None:
        raise _not_decodable(file)
    return image


def _check_content(data: bytes, where: object) -> None:
    """Refuse what is no picture, or would take memory out of proportion when it is decoded."""
    if not data:
        raise ImageError("the file is empty", where=where, expected="a picture")
    check_length(len(data), where)
    check_declared_size(*(declared_size(data) or (0, 0)), len(data), where)
    if data.startswith(PNG_START):
        check_chunks(data, where)


def _not_decodable(where: object) -> ImageError:
    return ImageError(
        "not a picture that can be decoded",
        where=where,
        expected="JPEG, PNG, BMP, TIFF, WebP or another format of OpenCV",
    )


def _decode_jpeg(data: bytes, where: object, *, exif: bool, decoder: str) -> DecodedPicture:
    structure = JpegStructure.parse(data)
    _check_effort(structure, data, where)
    damage = None
    if not structure.is_whole:
        got = f"{len(data)} bytes without a JPEG's end mark"
        damage = CfgWarning(CUT_OFF, where=where, got=got, fix=COPY_AGAIN)
    image = None
    if decoder == "darknet" and structure.stb_filler is not None:
        image = stb.decode_jpeg(data + structure.stb_filler, exif=exif, max_pixels=max_pixels())
    if image is None:
        image = _decode_with_opencv(data if damage is None else data + JPEG_END, where, exif=exif)
    if image is not None:
        return DecodedPicture(image, damage)
    if damage is None:
        raise _not_decodable(where)
    raise ImageError(damage.what, where=where, got=damage.got, fix=damage.fix)


def _check_effort(structure: JpegStructure, data: bytes, where: object) -> None:
    """Refuse a JPEG that takes a time out of proportion to its bytes or to its pixels."""
    pixels = max(1, math.prod(declared_size(data) or (0, 0)))
    most = min(_MOST_SCANS, max(_MOST_OF_LARGEST, _MOST_OF_LARGEST * max_pixels() // pixels))
    expected, got = f"at most {most} scans", str(structure.scans)
    if structure.has_many_segments:
        expected, got = f"at most {MOST_SEGMENTS} segments", "more"
    elif structure.scans <= most:
        return
    raise ImageError("this JPEG takes too long to decode", where=where, expected=expected, got=got)


def _decode_with_opencv(
    data: bytes, where: object, *, exif: bool, flags: int = cv2.IMREAD_COLOR
) -> np.ndarray | None:
    """Decode a picture file; None if it is damaged or none.

    Raises:
        ImageError: it is too large, for the limit or for the memory.
    """
    flags = flags if exif else flags | cv2.IMREAD_IGNORE_ORIENTATION
    if data.startswith(PNG_START):
        data = without_unprintable_profiles(data)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        if error.code == _NO_MEMORY:
            raise ImageError("there is not enough memory to decode it", where=where) from None
        if _OWN_LIMIT in error.err:
            raise too_many_pixels(where) from None
        return None
    if image is None:
        return None
    check_pixels(image.shape[0], image.shape[1], where)  # a format whose header is not read
    return np.asarray(image)
