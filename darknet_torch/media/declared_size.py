"""The size that the header of a picture file declares, before anything is decoded. No torch."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

import libstb

# What libstb reads. Its other formats have no signature.
_STB_SIGNATURES = (b"\xff\xd8", b"BM", b"GIF8", b"P5", b"P6")
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
            except (libstb.Error, ValueError, struct.error):
                return None
    return None


def _read_by_stb(data: bytes) -> tuple[int, int]:
    width, height, _ = libstb.iminfo(data)
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


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], tuple[int, int]]], ...] = (
    (lambda data: data.startswith(_STB_SIGNATURES), _read_by_stb),
    (lambda data: data[:4] == b"\x89PNG", _read_png),
    (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _read_webp),
    (lambda data: data[:4] in (b"II*\0", b"MM\0*"), _read_tiff),
    (lambda data: data[4:12] == b"jP  \r\n\x87\n", _read_largest(rb"ihdr", "height first")),
    (lambda data: data[4:8] == b"ftyp", _read_largest(rb"ispe\0\0\0\0", "width first")),
)
