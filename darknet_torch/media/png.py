"""The chunks of a PNG, which libpng trusts: their lengths, and the names in them. No torch."""

from __future__ import annotations

from collections.abc import Iterator

from darknet_torch.errors import ImageError
from darknet_torch.media.picture_limits import COPY_AGAIN, CUT_OFF

PNG_START = b"\x89PNG\r\n\x1a\n"
_PIXELS, _END, _PROFILE = b"IDAT", b"IEND", b"iCCP"
_LONGEST_NAME = 79  # bytes, of a profile


def check_chunks(data: bytes, where: object) -> None:
    """Refuse a PNG with a chunk that is longer than the file; OpenCV would allocate its length.

    No library that is used here has a check for that: OpenCV sets none of libpng's limits.
    """
    for kind, _, end in _chunks(data):
        if end > len(data):
            raise ImageError(
                CUT_OFF,
                where=where,
                expected=f"{end} bytes or more, as its chunk {kind.decode('latin-1')} says",
                got=f"{len(data)} bytes",
                fix=COPY_AGAIN,
            )


def without_unprintable_profiles(data: bytes) -> bytes:
    """Return a PNG without colour profiles whose names have control characters.

    Of a profile that is wrong libpng prints the name on the terminal, as it is. OpenCV decodes
    pixels as if there were no profile.
    """
    kept, position = [], 0
    for kind, start, end in _chunks(data):
        name = data[start + 8 : start + 8 + _LONGEST_NAME].partition(b"\0")[0]
        if kind == _PROFILE and not name.decode("latin-1").isprintable():
            kept.append(data[position:start])
            position = end
    return b"".join([*kept, data[position:]]) if kept else data


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk, where it starts, and where it should end.

    The end of the picture counts after pixels alone: without them OpenCV reads on.
    """
    position, has_pixels = len(PNG_START), False
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        has_pixels |= kind == _PIXELS
        if kind == _END and has_pixels:
            return
        yield kind, position, position + 12 + length
        position += 12 + length
