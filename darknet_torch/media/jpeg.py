"""The structure of a JPEG file, as far as it decides how a damaged one is read. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
# Of segments that have a length, and the end.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = (0xC0, 0xC1)  # the frames that need one scan only
_END, _SCAN, _RESTART_INTERVAL = 0xD9, 0xDA, 0xDD
# A segment of metadata has up to 64 kB, a progressive picture two segments for each scan; decoders
# in C take a microsecond for each, and this one more.
MOST_SEGMENTS, _MORE = 10_000, 0x00  # the latter stands for those that follow
_RESTART = b"\xff\xd0"
_BLOCK = 8  # pixels


@dataclass(frozen=True)
class JpegStructure:
    """What the segments of a JPEG say.

    Attributes:
        is_whole: the segments lead to the end marker; what follows it does not count.
        stb_filler: the bytes to append so that stb_image decodes the picture as Darknet's CPU
            build does, none for a whole one; None if that build shows memory that was never
            written, so that there is nothing to reproduce.
        scans: how many there are.
        has_many_segments: there are more than `MOST_SEGMENTS`, and the others were not read.
    """

    is_whole: bool
    stb_filler: bytes | None
    scans: int
    has_many_segments: bool = False

    @staticmethod
    def parse(data: bytes) -> JpegStructure:
        """Read the structure of `data`, which starts with `JPEG_START`.

        After the end of a file stb_image reads zeros, and so decodes a sequential scan of all
        components to its end. With restart intervals it stops at the first one that is missing
        and leaves the rest unwritten, unless restart markers follow. It leaves all of a
        progressive picture unwritten, and components whose scan is missing.

        Source: stb_image.h stbi__parse_entropy_coded_data, stbi__decode_jpeg_image (AlexeyAB,
        version 2.30).

        Differs: pjreddie's version 2.19 refuses every JPEG without its end marker.
        """
        frame = _Frame(sequential=False, components=0, blocks=0)
        interval, scans, filler, many = 0, 0, None, False
        for marker, content in _segments(data):
            if marker == _END:
                return JpegStructure(is_whole=True, stb_filler=b"", scans=scans)
            if marker in _FRAMES:
                frame = _Frame.parse(marker, content)
            elif marker == _RESTART_INTERVAL:
                interval = int.from_bytes(content[:2], "big")
            elif marker == _SCAN:
                scans += 1
                if scans == 1 and frame.sequential and content[:1] == bytes((frame.components,)):
                    filler = _RESTART * -(-frame.blocks // interval) if interval else b""
            elif marker == _MORE:
                many = True
        return JpegStructure(False, filler, scans, has_many_segments=many)


@dataclass(frozen=True)
class _Frame:
    """A frame's header.

    Attributes:
        sequential: neither progressive nor of another kind that stb_image cannot read.
        components: 1 for grey, 3 for colours.
        blocks: at most so many units of coded data.
    """

    sequential: bool
    components: int
    blocks: int

    @staticmethod
    def parse(marker: int, content: bytes) -> _Frame:
        height, width = _frame_size(content)
        blocks = -(-height // _BLOCK) * -(-width // _BLOCK)
        return _Frame(marker in _SEQUENTIAL, int.from_bytes(content[5:6], "big"), blocks)


def declared_jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return the height and width in pixels that a JPEG's frame declares; None without a frame."""
    for marker, content in _segments(data):
        if marker in _FRAMES:
            return _frame_size(content)
    return None


def _frame_size(content: bytes) -> tuple[int, int]:
    """Return the height and width that a frame's header says."""
    return int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the content of each segment that is complete, and of the end.

    After `MOST_SEGMENTS` markers it yields `_MORE`, which is no marker, and ends.

    Either a segment of known length follows a segment, or, after a scan's header, coded data. In
    coded data, FF 00 and the restart markers FF D0 - FF D7 do not begin a new segment; nor does
    FF 01, which has no content.
    """
    position, count = len(JPEG_START), 0
    while (found := _MARKER.search(data, position)) is not None:
        start, count = found.end(), count + 1
        if count > MOST_SEGMENTS:
            yield _MORE, b""
            return
        position = start + int.from_bytes(data[start : start + 2], "big")
        if found.group() == JPEG_END or start + 2 <= position <= len(data):
            yield found.group()[1], data[start + 2 : position]
        else:
            position = max(position, start)
