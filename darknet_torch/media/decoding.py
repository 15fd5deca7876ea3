"""Decoding pictures as 8-bit BGR; also what is still there of a damaged one. No torch."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.errors import CfgWarning, ImageError
from darknet_torch.media import stb
from darknet_torch.media.declared_size import declared_size
from darknet_torch.media.jpeg import JPEG_END, JPEG_START, JpegStructure
from darknet_torch.media.picture_limits import (
    COPY_AGAIN,
    check_declared_size,
    check_pixels,
    max_pixels,
    too_many_pixels,
)
from darknet_torch.text import backslash_fix, refusal_text

MAX_BYTES = 2**31 - 1  # the decoders count bytes in an int
# Every scan of a progressive JPEG passes over the whole picture, though it may have a few bytes
# only; programs write about 10.
_MOST_SCANS = 100
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
_NO_MEMORY = -4  # the code of OpenCV's error
_OWN_LIMIT = "CV_IO_MAX_IMAGE"  # in the messages of errors about OpenCV's limits
_CUT_OFF = "the picture is cut off: its end is missing"
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
    file = check_is_file(path)
    return decode_picture(_read_bytes(file), where=file, exif=exif, decoder=decoder)


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
    file = check_is_file(path)
    data = _read_bytes(file)
    _check_content(data, file)
    side = min(declared_size(data) or (0, 0))
    flags = next(
        (flags for factor, flags in _REDUCED_GREY.items() if side >= factor * least_side),
        cv2.IMREAD_GRAYSCALE,
    )
    if data.startswith(JPEG_START):
        _check_scans(JpegStructure.parse(data), file)
        data += JPEG_END  # a whole JPEG ends before it
    image = _decode_with_opencv(data, file, exif=exif, flags=flags)
    if image is None:
        raise _not_decodable(file)
    return image


def check_is_file(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that can be read to its end: no pipe and no device.

    Raises:
        ImageError: there is no such file, or the system does not take such a path.
    """
    file = Path(path)
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        if "://" in os.fspath(path):
            raise ImageError(
                "URLs of this kind are not opened", where=path, expected="http:// or https://"
            ) from None
        raise ImageError("no such picture", where=file, fix=backslash_fix(file)) from None
    except (OSError, ValueError) as error:
        raise _not_readable(file, error) from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ImageError("not a file", where=file, expected="a picture", got="a pipe or a device")
    return file


def _check_content(data: bytes, where: object) -> None:
    """Refuse what is no picture, or would take memory out of proportion when it is decoded."""
    if not data:
        raise ImageError("the file is empty", where=where, expected="a picture")
    if len(data) > MAX_BYTES:
        raise _too_long(where, len(data))
    check_declared_size(*(declared_size(data) or (0, 0)), len(data), where)
    if data.startswith(_PNG_START):
        _check_png_chunks(data, where)


def _read_bytes(file: Path) -> bytes:
    try:
        length = file.stat().st_size
        if length > MAX_BYTES:
            raise _too_long(file, length)
        return file.read_bytes()
    except OSError as error:
        raise _not_readable(file, error) from None
    except MemoryError:
        raise ImageError("there is not enough memory to read it", where=file) from None


def _too_long(where: object, length: int) -> ImageError:
    expected, got = f"at most {MAX_BYTES} bytes", f"{length} bytes"
    return ImageError("the file is too large", where=where, expected=expected, got=got)


def _not_readable(file: Path, error: OSError | ValueError) -> ImageError:
    return ImageError(f"cannot be read ({refusal_text(error)})", where=file)


def _not_decodable(where: object) -> ImageError:
    return ImageError(
        "not a picture that can be decoded",
        where=where,
        expected="JPEG, PNG, BMP, TIFF, WebP or another format of OpenCV",
    )


def _check_png_chunks(data: bytes, where: object) -> None:
    """Refuse a PNG with a chunk that is longer than the file; OpenCV would allocate its length."""
    position = len(_PNG_START)
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        if kind == _PNG_END:
            return
        position += 12 + length
        if position > len(data):
            raise ImageError(
                _CUT_OFF,
                where=where,
                expected=f"{position} bytes or more, as its chunk {kind.decode('latin-1')} says",
                got=f"{len(data)} bytes",
                fix=COPY_AGAIN,
            )


def _decode_jpeg(data: bytes, where: object, *, exif: bool, decoder: str) -> DecodedPicture:
    structure = JpegStructure.parse(data)
    _check_scans(structure, where)
    damage = None
    if not structure.is_whole:
        got = f"{len(data)} bytes without a JPEG's end mark"
        damage = CfgWarning(_CUT_OFF, where=where, got=got, fix=COPY_AGAIN)
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


def _check_scans(structure: JpegStructure, where: object) -> None:
    if structure.scans > _MOST_SCANS:
        raise ImageError(
            "this JPEG takes too long to decode",
            where=where,
            expected=f"at most {_MOST_SCANS} scans",
            got=structure.scans,
        )


def _decode_with_opencv(
    data: bytes, where: object, *, exif: bool, flags: int = cv2.IMREAD_COLOR
) -> np.ndarray | None:
    """Decode a picture file; None if it is damaged or none.

    Raises:
        ImageError: it is too large, for the limit or for the memory.
    """
    flags = flags if exif else flags | cv2.IMREAD_IGNORE_ORIENTATION
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
