"""The size that the header of a picture file declares, before anything is decoded. No torch."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable

from darknet_torch.media.jpeg import JPEG_START, declared_jpeg_size

_OS2_HEADER = 12  # bytes of the oldest header of a BMP, whose sides have 16 bits
# Numbers are separated by white space and by comments. A length of the text limits the memory.
_TEXT_HEADER = 2**16  # bytes
_GAP = rb"(?:\s|#[^\n\r]*[\n\r])+"
_PNM = re.compile(rb"P[1-6Ff]%b(\d{1,9})%b(\d{1,9})" % (_GAP, _GAP))
_PAM = (rb"^WIDTH\s+(\d{1,9})\b", rb"^HEIGHT\s+(\d{1,9})\b")
_RADIANCE = (rb"[+-]X (\d{1,9})\b", rb"[+-]Y (\d{1,9})\b")
_PNM_STARTS = tuple(b"P%c" % kind for kind in b"123456Ff")
# TIFF's tags: of the image, and of the tiles that it may consist of, each decoded as a whole
_WIDTHS, _LENGTHS = (256, 322), (257, 323)
_MOST_TAGS = 2**16 - 1  # also where 64 bits count them; libtiff reads no more
_SHORT, _LONG8 = 3, 16  # TIFF's types of 16 and of 64 bits
_BIG_TIFF = 43  # in place of 42; offsets and counts then have 64 bits


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Height and width in pixels that a picture file declares; None if the header is not known.

    Args:
        data: the content of a picture file in a format that OpenCV reads.
    """
    for matches, read in _READERS:
        if matches(data):
            try:
                return read(data)
            except (ValueError, OverflowError, struct.error):  # of an offset beyond memory, too
                return None
    return None


def is_tiff(data: bytes) -> bool:
    """Whether a file is a TIFF, whose header may stand anywhere in it."""
    return data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _read_bmp(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<2H" if header == _OS2_HEADER else "<2i", data, 18)
    return abs(height), width  # below 0: the rows stand from top to bottom


def _read_gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<2H", data, 6)
    return height, width


def _read_pnm(data: bytes) -> tuple[int, int] | None:
    found = _PNM.match(data[:_TEXT_HEADER])
    return None if found is None else (int(found[2]), int(found[1]))


def _read_words(width: bytes, height: bytes) -> Callable[[bytes], tuple[int, int] | None]:
    """Return a reader of a text that has each side after a word, as patterns describe it."""

    def read(data: bytes) -> tuple[int, int] | None:
        text = data[:_TEXT_HEADER]
        found = [re.search(pattern, text, re.MULTILINE) for pattern in (height, width)]
        sides = [int(side[1]) for side in found if side is not None]
        return (sides[0], sides[1]) if len(sides) == len(found) else None

    return read


def _read_sun_raster(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">2I", data, 4)
    return height, width


def _read_png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">2I", data, 16)
    return height, width


def _read_webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<2H", data, 26))
    return height, width


def _read_tiff(data: bytes) -> tuple[int, int]:
    order, big = "<" if data[:2] == b"II" else ">", _BIG_TIFF in data[2:4]
    first_at, number, entry, value_at = (8, "Q", 20, 12) if big else (4, "I", 12, 8)
    (first,) = struct.unpack_from(f"{order}{number}", data, first_at)
    counted = "Q" if big else "H"
    (count,) = struct.unpack_from(f"{order}{counted}", data, first)
    start, count = first + struct.calcsize(f"={counted}"), min(count, _MOST_TAGS)
    values: dict[int, int] = {}
    for at in range(start, min(start + entry * count, len(data)), entry):
        tag, kind = struct.unpack_from(f"{order}2H", data, at)
        layout = {_SHORT: "H", _LONG8: "Q"}.get(kind, "I")
        (value,) = struct.unpack_from(f"{order}{layout}", data, at + value_at)
        values[tag] = max(value, values.get(tag, 0))
    sizes = [
        (values.get(length, 0), values.get(width, 0))
        for length, width in zip(_LENGTHS, _WIDTHS, strict=True)
    ]
    return max(sizes, key=math.prod)


def _read_largest(pattern: bytes) -> Callable[[bytes], tuple[int, int]]:
    """Return a reader of the largest width and height that follow a pattern of bytes."""

    def read(data: bytes) -> tuple[int, int]:
        found = re.finditer(pattern, data, re.DOTALL)
        sizes = (struct.unpack_from(">2I", data, match.end()) for match in found)
        width, height = max(sizes, key=math.prod)
        return height, width

    return read


_J2K = b"\xff\x4f\xff\x51"  # of the code in a JPEG 2000, whose frame decides
_read_jpeg_2000 = _read_largest(_J2K + b".{4}")
_read_avif = _read_largest(rb"ispe\0\0\0\0")
_Reader = Callable[[bytes], tuple[int, int] | None]
_READERS: tuple[tuple[Callable[[bytes], bool], _Reader], ...] = (
    (lambda data: data.startswith(JPEG_START), declared_jpeg_size),
    (lambda data: data.startswith(b"BM"), _read_bmp),
    (lambda data: data.startswith(b"GIF8"), _read_gif),
    (lambda data: data[:2] in _PNM_STARTS, _read_pnm),
    (lambda data: data.startswith(b"P7"), _read_words(*_PAM)),
    (lambda data: data.startswith((b"#?RGBE", b"#?RADIANCE")), _read_words(*_RADIANCE)),
    (lambda data: data.startswith(b"\x59\xa6\x6a\x95"), _read_sun_raster),
    (lambda data: data[:4] == b"\x89PNG", _read_png),
    (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _read_webp),
    (is_tiff, _read_tiff),
    (lambda data: data[4:12] == b"jP  \r\n\x87\n" or data.startswith(_J2K), _read_jpeg_2000),
    (lambda data: data[4:8] == b"ftyp", _read_avif),
)
