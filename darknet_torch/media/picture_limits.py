"""How large a picture may be, by what its header declares. No torch.

One variable of the environment holds the limit, so that it reaches every thread and every process
that reads pictures. It is OpenCV's own: where it is set before OpenCV is imported, as `dtorch`
does, OpenCV's decoders obey it, too.
"""

from __future__ import annotations

import os

from darknet_torch.errors import ImageError, UsageError

VARIABLE = "OPENCV_IO_MAX_IMAGE_PIXELS"
# Telephones take pictures of 200 million pixels. As BGR this many are 572 MiB.
DEFAULT_MAX_PIXELS = 200_000_000
CUT_OFF = "the picture is cut off: its end is missing"
COPY_AGAIN = "copy or download it again"
# A file that is damaged, or was made to do harm, may declare more pixels than it holds. A byte of
# a JPEG makes at most 512 pixels, of a grey PNG 1032. Small pictures need no such check.
_MAX_PIXELS_PER_BYTE, _SMALL = 2048, 2**24
_MOST_DIGITS = 18  # so that the number fits in 64 bits, without which OpenCV ends the program


def max_pixels() -> int:
    """Return the most pixels that a picture may have.

    Raises:
        UsageError: the variable of the environment is no number above 0.
    """
    given = os.environ.get(VARIABLE, str(DEFAULT_MAX_PIXELS))
    if not given.isdecimal() or len(given) > _MOST_DIGITS or not int(given):
        raise UsageError(
            "not a number of pixels",
            where=VARIABLE,
            expected=f"a whole number above 0, such as {DEFAULT_MAX_PIXELS}",
            got=given,
        )
    return int(given)


def check_pixels(height: int, width: int, where: object, *, held_in: str = "") -> None:
    """Refuse a picture of more pixels than `max_pixels`.

    Args:
        height, width: its size in pixels.
        where: the file, URL or argument that it comes from, for messages; None for none.
        held_in: what holds it, for messages.

    Raises:
        ImageError: it is too large.
    """
    if height * width > max_pixels():
        raise too_many_pixels(where, f"{width} x {height}{held_in}")


def too_many_pixels(where: object, got: str | None = None) -> ImageError:
    """Return the error for a picture of too many pixels; `got` says how many, if that is known."""
    return ImageError(
        "the picture is too large",
        where=where,
        expected=f"at most {max_pixels()} pixels",
        got=got,
        fix=f"make it smaller, or raise the limit: --max-pixels N, or in Python {VARIABLE}",
    )


def check_declared_size(height: int, width: int, length: int, where: object) -> None:
    """Refuse a size that takes too much memory, or more than a file of that length can hold.

    Args:
        height, width: the size in pixels that the header of the file declares.
        length: of the file, in bytes.
        where: see `check_pixels`.

    Raises:
        ImageError: the picture is too large, or out of proportion to its file.
    """
    held_in = f" in a file of {length} bytes"
    check_pixels(height, width, where, held_in=held_in)
    if height * width > max(_SMALL, _MAX_PIXELS_PER_BYTE * length):
        raise ImageError(
            "the declared size of the picture is out of proportion to its file",
            where=where,
            expected=f"a byte for at most {_MAX_PIXELS_PER_BYTE} pixels",
            got=f"{width} x {height}{held_in}",
            fix=COPY_AGAIN,
        )
