"""What a command line's SOURCE means: pictures, videos, cameras, lists of them. No torch."""

from __future__ import annotations

import enum
import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from darknet_torch.errors import UsageError

PICTURE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jp2 .png .bmp .dib .tif .tiff .webp .ppm .pgm .pbm .pnm .avif .gif".split()
)
VIDEO_SUFFIXES = frozenset(
    ".mp4 .avi .mov .mkv .webm .m4v .mpg .mpeg .wmv .flv .ts .mts .m2ts .3gp .ogv .vob".split()
)
STANDARD_INPUT = "-"
_MAGIC = frozenset("*?[")


class SourceKind(enum.Enum):
    """What a source is; the values are words for messages."""

    PICTURE = "picture"
    VIDEO = "video"
    STREAM = "stream"
    WEBCAM = "webcam"
    STANDARD_INPUT = "list on standard input"


@dataclass(frozen=True)
class PictureSource:
    """Something to search.

    Attributes:
        name: a path, a URL, or the number of a camera.
    """

    name: str
    kind: SourceKind = SourceKind.PICTURE

    @property
    def is_video(self) -> bool:
        """Whether it has frames."""
        return self.kind in (SourceKind.VIDEO, SourceKind.STREAM, SourceKind.WEBCAM)

    @property
    def is_live(self) -> bool:
        """Whether it goes on while nobody looks."""
        return self.kind in (SourceKind.STREAM, SourceKind.WEBCAM)


def find_sources(words: Sequence[str], *, videos: bool = True) -> list[PictureSource]:
    """What `words` mean, in order, each once.

    Args:
        words: paths of pictures and videos; folders, for those in them; globs, where ``**``
            is any depth; ``.txt`` lists with one a line; URLs; numbers of cameras; ``-`` for
            a list on standard input. A path that is no file is kept, for whoever opens it to
            report.
        videos: False if only pictures can be used; then every path is one.

    Raises:
        UsageError: a folder, glob or list has nothing in it.
    """
    found: dict[PictureSource, None] = {}
    for word in words:
        found.update(dict.fromkeys(_expand(word, videos=videos)))
    return list(found)


def expand_standard_input(sources: Iterable[PictureSource]) -> Iterator[PictureSource]:
    """The same, with the lines of standard input, as they come, for a source of that kind."""
    for source in sources:
        if source.kind is SourceKind.STANDARD_INPUT:
            with open_standard_input() as lines:
                yield from (_of_path(line.strip(), videos=True) for line in lines if line.strip())
        else:
            yield source


def open_standard_input() -> TextIO:
    """Standard input as a file of its own.

    A thread that waits there holds the file's lock, which must not be that of `sys.stdin`
    when the program ends.

    Raises:
        UsageError: it is closed.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed", expected="a path a line")
    try:
        own = os.dup(sys.stdin.fileno())
    except (OSError, ValueError):  # replaced by something in memory
        return io.StringIO(sys.stdin.read())
    return open(own, encoding="utf-8", errors="surrogateescape")  # noqa: PTH123 (no path)


def _expand(word: str, *, videos: bool) -> list[PictureSource]:
    if word == STANDARD_INPUT:
        return [PictureSource(word, SourceKind.STANDARD_INPUT)]
    path = Path(word)
    if path.is_dir():
        inside = (str(child) for child in path.iterdir() if child.is_file())
        return _some(_usable(inside, videos=videos), word, "in this folder", videos=videos)
    if path.exists() or not _MAGIC & set(word) or "://" in word:
        if path.suffix == ".txt" and path.is_file():
            return _read_list(path, videos=videos)
        if videos and word.isdecimal() and not path.exists():
            return [PictureSource(word, SourceKind.WEBCAM)]
        return [_of_path(word, videos=videos)]
    files = (match for match in glob.glob(word, recursive=True) if Path(match).is_file())
    return _some(_usable(files, videos=videos), word, "that match", videos=videos)


def _of_path(name: str, *, videos: bool) -> PictureSource:
    """A path or URL; a URL that names no file is a stream, which has no end."""
    url = urlsplit(name) if "://" in name else None
    suffix = Path(url.path if url else name).suffix.lower()
    if videos and (suffix in VIDEO_SUFFIXES or (url and suffix in PICTURE_SUFFIXES)):
        return PictureSource(name, SourceKind.VIDEO)
    return PictureSource(name, SourceKind.STREAM if videos and url else SourceKind.PICTURE)


def _read_list(path: Path, *, videos: bool) -> list[PictureSource]:
    lines = (line.strip() for line in path.read_text("utf-8-sig", errors="replace").splitlines())
    found = [_of_path(_beside(path, line), videos=videos) for line in lines if line]
    return _some(found, str(path), "a path a line", videos=videos)


def _beside(path: Path, name: str) -> str:
    """`name` against the working folder, as in Darknet, then against the list's own."""
    beside = path.parent / name
    return str(beside) if not Path(name).exists() and beside.exists() else name


def _usable(names: Iterable[str], *, videos: bool) -> list[PictureSource]:
    """Those of the files `names` that can be searched, sorted."""
    suffixes = _suffixes(videos=videos)
    usable = sorted(name for name in names if Path(name).suffix.lower() in suffixes)
    return [_of_path(name, videos=videos) for name in usable]


def _suffixes(*, videos: bool) -> frozenset[str]:
    return PICTURE_SUFFIXES | VIDEO_SUFFIXES if videos else PICTURE_SUFFIXES


def _some(
    found: list[PictureSource], where: str, expected: str, *, videos: bool
) -> list[PictureSource]:
    if not found:
        what = "pictures or videos" if videos else "pictures"
        suffixes = " ".join(sorted(_suffixes(videos=videos)))
        raise UsageError("no pictures", where=where, expected=f"{what} {expected} ({suffixes})")
    return found
