"""Small files that declare much: what decoding them takes, and what the errors say."""

import json
import os
import re
import struct
import subprocess
import sys

import pytest

from darknet_torch.media.picture_limits import DEFAULT_MAX_PIXELS, VARIABLE
from tests.media.picture_files import chunk, png, segment

MOST = 100  # MB that a refused file may take
SIDE = 14000  # pixels; a square of it is below the limit
_HEADER = 33  # bytes of a PNG
_CODE = struct.pack(">4s2H8I", b"\xff\x4f\xff\x51", 47, 0, SIDE, SIDE, 0, 0, SIDE, SIDE, 0, 0)
# Reads files one after the other; prints the error of each, and how much the peak has grown.
_MEASURE = """
import json, resource, sys
from darknet_torch.errors import ImageError
from darknet_torch.media.decoding import read_picture

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

before, found = peak(), {}
for path in sys.argv[1:]:
    try:
        found[path] = f"read {read_picture(path).image.shape}"
    except ImageError as error:
        found[path] = str(error)
print(json.dumps([peak() - before, found]))
"""


def tiff(*tags):
    return (
        b"II*\0"
        + struct.pack("<IH", 8, len(tags))
        + b"".join(struct.pack("<2HII", tag, 4, 1, value) for tag, value in tags)
    )


def many_scans(count, side=8):
    """A progressive JPEG of `side` pixels squared and of one scan's header, `count` times."""
    frame = segment(0xC2, struct.pack(">B2H4B", 8, side, side, 1, 1, 0x11, 0))
    return b"\xff\xd8" + frame + segment(0xDA, bytes((1, 1, 0, 0, 0, 0))) * count + b"\xff\xd9"


HOSTILE = {
    "a chunk's length": (png(24, 32, length=2**31 + 648), "cut off"),
    "a text's length": (
        png(24, 32)[:_HEADER] + chunk(b"iTXt", b"k", 2**31 - 1) + png(24, 32)[_HEADER:],
        "cut off",
    ),
    "a late chunk's length": (png(24, 32)[:-12] + chunk(b"fdAT", b"", 2**31 - 1), "cut off"),
    "a chunk's length after an early end": (
        png(24, 32)[:_HEADER] + chunk(b"IEND", b"") + chunk(b"IDAT", b"", 2**31 - 1),
        "cut off",
    ),
    "225 million pixels": (png(15000, 15000) + bytes(10**6), "too large"),
    "a bitmap": (b"BM" + struct.pack("<3I3i", 0, 0, 54, 40, SIDE, SIDE), "out of proportion"),
    "a bitmap's negative height": (
        b"BM" + struct.pack("<3I3i", 0, 0, 54, 40, 40, -(2**31)) + bytes(99),
        "too large",
    ),
    "a GIF": (b"GIF89a" + struct.pack("<2H", 30000, 30000), "too large"),
    "a GIF of the largest sides": (
        b"GIF89a" + struct.pack("<2H", 65535, 65535) + bytes(99),
        "not a picture",
    ),
    "a PAM": (
        b"P7\nWIDTH 20000\nHEIGHT 20000\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + bytes(99),
        "too large",
    ),
    "a PFM": (b"PF\n20000 20000\n-1.0\n" + bytes(99), "too large"),
    "a Radiance": (
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 20000 +X 20000\n" + bytes(99),
        "too large",
    ),
    "a Sun raster": (struct.pack(">8I", 0x59A66A95, 20000, 20000, 24, 0, 1, 0, 0), "too large"),
    "a TIFF": (tiff((256, SIDE), (257, SIDE)), "out of proportion"),
    "a TIFF's offset": (b"II+\0" + struct.pack("<2HQ", 8, 0, 2**64 - 1), "not a picture"),
    "a JPEG 2000": (_CODE, "not a picture"),
    "a text": (b"P6\n" + b"#\n" * 10**5 + b"60000 60000 255\n", "not a picture|too large"),
    "a JPEG's scans": (many_scans(101), "expected at most 100 scans, got 101"),
    "a large JPEG's scans": (
        many_scans(21, SIDE) + bytes(SIDE * SIDE // 2048),
        "expected at most 20 scans, got 21",
    ),
    "a JPEG's segments": (
        b"\xff\xd8" + segment(0xFE, b"") * 10_001 + b"\xff\xd9",
        "expected at most 10000 segments, got more",
    ),
    "no pixels": (b"BM" + struct.pack("<3I3i", 0, 0, 54, 40, 0, 0), "not a picture"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no getrusage")
def test_small_files_that_declare_much_take_little_memory(tmp_path):
    paths = {}
    for number, name in enumerate(HOSTILE):
        path = paths[name] = tmp_path / f"{number}.jpg"
        path.write_bytes(HOSTILE[name][0])
    result = subprocess.run(
        [sys.executable, "-c", _MEASURE, *map(str, paths.values())],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {VARIABLE: str(DEFAULT_MAX_PIXELS)},  # before OpenCV is imported
    )
    grown, found = json.loads(result.stdout)
    for name, (_, message) in HOSTILE.items():
        error = found[str(paths[name])]
        assert re.search(message, error), (name, error)
    assert grown < MOST
