"""The bytes of picture files: no more than their pixels can take, and none of a pipe. No torch."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

import cv2

from darknet_torch.errors import ImageError
from darknet_torch.media.declared_size import declared_size
from darknet_torch.media.picture_limits import check_declared_size, max_pixels
from darknet_torch.text import backslash_fix, refusal_text

MAX_BYTES = 2**31 - 1  # the decoders count bytes in an int
# What is read of every file. It has the headers of all formats but TIFF.
_START = 2**26
_BYTES_PER_PIXEL = 32  # of the largest kind: four channels of 64 bits, not compressed


def read_picture_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a picture file; of one that is longer than its pixels can be, 64 MiB at most are read.

    A sparse file takes no room on a disk, and may be as long as its author likes.

    Raises:
        ImageError: the file is missing, unreadable, too large, a pipe or a device.
    """
    file = check_is_file(path)
    try:
        with file.open("rb") as opened:
            return _read(opened, file)
    except OSError as error:
        raise _not_readable(file, error) from None
    except MemoryError:
        raise ImageError("there is not enough memory to read it", where=file) from None


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


def starts_as_picture(path: Path) -> bool:
    """Whether a file starts as those that OpenCV decodes; its start alone is read.

    True for a path that is not UTF-8, which OpenCV cannot open.
    """
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:  # OpenCV would crash
        return True
    return cv2.haveImageReader(os.fspath(path))


def check_length(length: int, where: object, most: int = MAX_BYTES) -> None:
    """Refuse a picture file of more than `most` bytes.

    Raises:
        ImageError: it has more.
    """
    if length > most:
        expected, got = f"at most {most} bytes", f"{length} bytes"
        raise ImageError("the file is too large", where=where, expected=expected, got=got)


def _read(file: BinaryIO, path: Path) -> bytes:
    length = os.fstat(file.fileno()).st_size
    check_length(length, path)
    start = file.read(_START)
    if len(start) < _START:
        return start
    most = _START + _BYTES_PER_PIXEL * _most_pixels(start, length, path)
    check_length(length, path, min(most, MAX_BYTES))
    del start
    file.seek(0)
    return file.read(length)  # not what is added now


def _most_pixels(start: bytes, length: int, path: Path) -> int:
    """Return how many pixels a long file may have; none if its start shows no picture."""
    size = declared_size(start)
    if size is None:  # a rare format, or a TIFF, whose header may be at its end
        return max_pixels() if starts_as_picture(path) else 0
    check_declared_size(*size, length, path)
    return size[0] * size[1]


def _not_readable(file: Path, error: OSError | ValueError) -> ImageError:
    return ImageError(f"cannot be read ({refusal_text(error)})", where=file)
