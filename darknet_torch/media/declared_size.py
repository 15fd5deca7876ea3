"""The size that the header of a picture file declares, before anything is decoded. No torch."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from darknet_torch.media.jpeg import JPEG_START, declared_jpeg_size

_OS2_HEADER = 12  # bytes of the oldest header of a BMP, whose sides have 16 bits
# Numbers are separated by white space and by comments.
_PNM = re.compile(rb"P[1-6](?:\s+|#[^\n]*\n)+(\d+)(?:\s+|#[^\n]*\n)+(\d+)")
_IMAGE_WIDTH, _IMAGE_LENGTH = 256, 257  # TIFF's tags
_SHORT = 3  # TIFF's type of 16 bits


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Height and width in pixels that a picture file declares; None if the header is not known.

    Args:
        data: the content of a JPEG, PNG, BMP, GIF, PNM, WebP, TIFF, JPEG 2000 or AVIF file.
    """
    for matches, read in _READERS:
        if matches(data):
            try:
                return read(data)
            except (ValueError, struct.error):
                return None
    return None


def _read_bmp(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<2H" if header == _OS2_HEADER else "<2i", data, 18)
    return abs(height), width  # below 0: the rows stand from top to bottom


def _read_gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<2H", data, 6)
    return height, width


def _read_pnm(data: bytes) -> tuple[int, int] | None:
    found = _PNM.match(data)
    return None if found is None else (int(found[2]), int(found[1]))


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
    order = "<" if data[:2] == b"II" else ">"
    (first,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, first)
    values = {}
    for at in range(first + 2, first + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}2H", data, at)
        layout = f"{order}H" if kind == _SHORT else f"{order}I"
        (values[tag],) = struct.unpack_from(layout, data, at + 8)
    return values.get(_IMAGE_LENGTH, 0), values.get(_IMAGE_WIDTH, 0)


def _read_largest(pattern: bytes, order: str) -> Callable[[bytes], tuple[int, int]]:
    """Return a reader of the largest size in the boxes of a name; 2 numbers follow `pattern`."""

    def read(data: bytes) -> tuple[int, int]:
        sizes = [
            struct.unpack_from(">2I", data, found.end()) for found in re.finditer(pattern, data)
        ]
        first, second = max(sizes, key=lambda size: size[0] * size[1])
        return (first, second) if order == "height first" else (second, first)

    return read


_Reader = Callable[[bytes], tuple[int, int] | None]
_READERS: tuple[tuple[Callable[[bytes], bool], _Reader], ...] = (
    (lambda data: data.startswith(JPEG_START), declared_jpeg_size),
    (lambda data: data.startswith(b"BM"), _read_bmp),
    (lambda data: data.startswith(b"GIF8"), _read_gif),
    (lambda data: data[:2] in (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"), _read_pnm),
    (lambda data: data[:4] == b"\x89PNG", _read_png),
    (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _read_webp),
    (lambda data: data[:4] in (b"II*\0", b"MM\0*"), _read_tiff),
    (lambda data: data[4:12] == b"jP  \r\n\x87\n", _read_largest(rb"ihdr", "height first")),
    (lambda data: data[4:8] == b"ftyp", _read_largest(rb"ispe\0\0\0\0", "width first")),
)
