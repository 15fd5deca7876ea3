"""The declared size of picture files compared with that of the decoded pictures."""

import struct

import cv2
import numpy as np
import pytest

from darknet_torch.media.declared_size import declared_size
from tests.media.picture_files import JPEG, encoded

FORMATS = [
    *((suffix, ()) for suffix in (".jpg", ".png", ".bmp", ".gif", ".ppm", ".tif", ".webp")),
    (".webp", (cv2.IMWRITE_WEBP_QUALITY, 101)),  # above 100: lossless
    (".avif", ()),
]


@pytest.mark.parametrize(("suffix", "parameters"), FORMATS)
def test_the_declared_size_is_that_of_the_picture(suffix, parameters):
    data = encoded(np.zeros((24, 40, 3), np.uint8), suffix, parameters)
    assert declared_size(data) == (24, 40)


@pytest.mark.parametrize("binary", [0, 1])
@pytest.mark.parametrize(("suffix", "channels"), [(".pbm", 1), (".pgm", 1), (".ppm", 3)])
def test_every_kind_of_pnm_is_read(suffix, channels, binary):
    image = np.zeros((24, 40, channels), np.uint8)
    data = encoded(image, suffix, (cv2.IMWRITE_PXM_BINARY, binary))
    assert declared_size(data) == (24, 40)
    commented = data[:2] + b"\n# a comment 1 2\n" + data[2:]
    assert declared_size(commented) == (24, 40)


def test_a_bmp_of_rows_from_top_to_bottom_is_read():
    data = bytearray(encoded(np.zeros((24, 40, 3), np.uint8), ".bmp"))
    struct.pack_into("<i", data, 22, -24)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (24, 40, 3)
    assert declared_size(bytes(data)) == (24, 40)


def test_a_marker_without_content_hides_no_frame():
    """FF 01 has no length: what follows it is the next segment, not 65 KB of content."""
    assert declared_size(JPEG[:2] + b"\xff\x01" + JPEG[2:]) == (32, 48)


def test_an_extended_webp_declares_its_canvas():
    head = b"RIFF" + bytes(4) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4)
    assert declared_size(head + (299).to_bytes(3, "little") + bytes((9, 1, 0))) == (266, 300)


@pytest.mark.parametrize("blank", [b" ", b"#\n", b"\n \t"])
def test_a_header_of_blanks_takes_neither_time_nor_memory(blank):
    assert declared_size(b"P6" + blank * 10**6 + b"x") is None


_JPEG_2000_HEADER = struct.pack(">I4sI4sII", 24, b"jp2h", 16, b"ihdr", 24, 40)


@pytest.mark.parametrize(
    ("start", "unit", "end"),
    [
        (b"P6 #", b"x", b"\n40 24 255\n"),
        (b"P6 ", b"0", b"40 24 255\n"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", b"\0\0\0\x08free", _JPEG_2000_HEADER),
    ],
)
def test_a_long_header_is_not_followed_to_its_end(start, unit, end):
    assert declared_size(start + 1000 * unit + end) == (24, 40)
    assert declared_size(start + 200_000 * unit + end) is None


def test_a_tiff_of_big_endian_numbers_is_read():
    entries = struct.pack(">2HIHH", 256, 3, 1, 50, 0) + struct.pack(">2HII", 257, 4, 1, 70000)
    data = b"MM\0*" + struct.pack(">IH", 8, 2) + entries
    assert declared_size(data) == (70000, 50)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"II*\0\xff\xff\xff\xff",
        b"RIFF0000WEBPVP8 ",
        b"text",
        b"P6 40",
        b"P6 # 40 24",
        b"BM",
        b"GIF89a",
        b"\0" * 99,
    ],
)
def test_a_header_that_is_broken_or_unknown_declares_nothing(data):
    assert declared_size(data) is None


def test_an_avif_without_a_size_declares_nothing():
    assert declared_size(b"\0\0\0\x18ftypavif") is None
