"""The SOURCE argument of a command line: pictures, videos, cameras, lists of them. No torch."""

from __future__ import annotations

import enum
import glob
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

from darknet_torch.errors import UsageError
from darknet_torch.printable import CONTROLS
from darknet_torch.reading import read_paths
from darknet_torch.text import (
    is_file,
    is_folder,
    is_web_url,
    path_exists,
    resolve_listed,
    stream_encoding,
    whole_number,
)

# The suffixes, in lower case, of the formats that OpenCV reads; other suffixes count as pictures
# where they are named, but not where a folder is searched.
PICTURE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .jif .png .bmp .dib .tif .tiff .webp .gif .avif .jp2 .ppm .pgm .pbm "
    ".pnm .pam .pxm .pfm .ras .sr .hdr .pic".split()
)
VIDEO_SUFFIXES = frozenset(
    ".mp4 .avi .mov .mkv .webm .m4v .mpg .mpeg .wmv .flv .ts .mts .m2ts .3gp .ogv .vob".split()
)
STREAM_SCHEMES = tuple("http https rtsp rtsps rtmp rtmps rtp srt udp tcp mms mmsh".split())
STANDARD_INPUT = "-"
GLOB_CHARACTERS = frozenset("*?[")
_NOT_IN_FILE_NAMES = re.compile(rf'[{CONTROLS}\t\n/\\:*?"<>|]')
_DOTS_AT_ENDS = re.compile(r"^[. ]+|[. ]+$")
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])(\..*)?", re.IGNORECASE)  # by Windows
_LONGEST_LINE = 2**16  # characters; no system takes a longer path
_LONGEST_NAME = 60  # characters: file systems allow 255 bytes, and a character has up to 4


class SourceKind(enum.Enum):
    """The kinds of sources; the values are their names in messages."""

    PICTURE = "picture"
    WEB_PICTURE = "picture on the web"
    WEB = "picture or stream on the web"  # which of the two, shows when it is requested
    VIDEO = "video"
    STREAM = "stream"
    WEBCAM = "webcam"
    STANDARD_INPUT = "list on standard input"


@dataclass(frozen=True)
class PictureSource:
    """One source of pictures or video frames.

    Attributes:
        name: a path, a URL, or the number of a camera.
        kind: what it is.
    """

    name: str
    kind: SourceKind = SourceKind.PICTURE

    @property
    def is_video(self) -> bool:
        """Whether it is a sequence of frames, recorded or live."""
        return self.kind in (SourceKind.VIDEO, SourceKind.STREAM, SourceKind.WEBCAM)

    @property
    def is_picture(self) -> bool:
        """Whether it is one picture."""
        return self.kind in (SourceKind.PICTURE, SourceKind.WEB_PICTURE)

    def as_video(self) -> PictureSource:
        """Return the source as a video or stream, whatever its suffix."""
        if self.is_video:
            return self
        kind = SourceKind.STREAM if self.kind is SourceKind.WEB else SourceKind.VIDEO
        return PictureSource(self.name, kind)

    @property
    def is_live(self) -> bool:
        """Whether it produces frames in real time, whether or not anyone reads them."""
        return self.kind in (SourceKind.STREAM, SourceKind.WEBCAM)

    @property
    def may_wait(self) -> bool:
        """Whether its next picture may come at any time: it is live, or a list that grows."""
        return self.is_live or self.kind in (SourceKind.WEB, SourceKind.STANDARD_INPUT)


def find_sources(arguments: Sequence[str], *, videos: bool = True) -> list[PictureSource]:
    """Return the sources that command line arguments name, in order, without duplicates.

    Args:
        arguments: paths of pictures and videos; folders, which stand for the pictures and
            videos in them; globs, where ``**`` matches any depth; ``.txt`` lists with one
            source per line; URLs of pictures, videos and streams; camera numbers; ``-`` for a
            list on standard input. A path that does not exist is kept, so that opening it
            reports the error.
        videos: False if only pictures are allowed; then every path is taken as a picture.

    Raises:
        UsageError: a folder, glob or list names no source.
    """
    found: dict[PictureSource, None] = {}
    for argument in arguments:
        found.update(dict.fromkeys(_expand(argument, videos=videos)))
    return list(found)


def expand_standard_input(sources: Iterable[PictureSource]) -> Iterator[PictureSource]:
    """Yield the sources; standard input is replaced by a source for each line, as it arrives."""
    for source in sources:
        if source.kind is SourceKind.STANDARD_INPUT:
            with open_standard_input() as lines:
                yield from (
                    source_from_path(line.strip(), videos=True) for line in lines if line.strip()
                )
        else:
            yield source


@contextmanager
def open_standard_input() -> Iterator[Iterator[str]]:
    """Open standard input as a separate file object, and give its lines as they arrive.

    A thread that waits for a line holds the lock of its file object. If that were `sys.stdin`,
    the interpreter could not close it when the program ends.

    Yields:
        The lines, in the encoding that `text.stream_encoding` finds.

    Raises:
        UsageError: standard input is closed; or, later, a line is too long.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed", expected="one path per line")
    try:
        own = os.dup(sys.stdin.fileno())
    except (OSError, ValueError):  # sys.stdin is replaced by an object in memory
        yield io.StringIO(sys.stdin.read())
        return
    with open(own, "rb") as file:  # noqa: PTH123 (no path)
        yield _decoded_lines(file)


def _decoded_lines(file: io.BufferedReader) -> Iterator[str]:
    """Yield the lines of a file whose first bytes say in which encoding they are."""
    encoding, errors = stream_encoding(file.peek())
    with io.TextIOWrapper(file, encoding=encoding, errors=errors) as lines:
        while line := lines.readline(_LONGEST_LINE + 1):
            if len(line.rstrip("\n")) > _LONGEST_LINE:
                raise UsageError(
                    "a line of standard input is too long",
                    expected=f"one path or URL per line, of {_LONGEST_LINE} characters at most",
                )
            yield line


def _expand(argument: str, *, videos: bool) -> list[PictureSource]:
    if argument == STANDARD_INPUT:
        return [PictureSource(argument, SourceKind.STANDARD_INPUT)]
    path = Path(argument)
    if is_folder(path):
        inside = (str(child) for child in _children(path) if is_file(child))
        found = _sources_with_known_suffix(inside, videos=videos)
        return _check_not_empty(found, argument, "in this folder", videos=videos)
    if path_exists(path) or not GLOB_CHARACTERS & set(argument) or "://" in argument:
        if path.suffix.lower() == ".txt" and is_file(path):
            return _read_list(path, videos=videos)
        if videos and whole_number(argument) is not None and not path_exists(path):
            return [PictureSource(argument, SourceKind.WEBCAM)]
        return [source_from_path(argument, videos=videos)]
    files = (match for match in glob.glob(argument, recursive=True) if is_file(match))
    found = _sources_with_known_suffix(files, videos=videos)
    return _check_not_empty(found, argument, "that match", videos=videos)


def source_from_path(name: str, *, videos: bool) -> PictureSource:
    """Return the source for a path or URL; a URL that names no file may be an endless stream.

    Args:
        name: the path or URL.
        videos: False if only pictures are allowed.
    """
    url = _split_url(name)
    suffix = Path(url.path if url else name).suffix.lower()
    if is_web_url(name) and not (videos and suffix in VIDEO_SUFFIXES):
        is_picture = not videos or suffix in PICTURE_SUFFIXES
        return PictureSource(name, SourceKind.WEB_PICTURE if is_picture else SourceKind.WEB)
    if videos and (suffix in VIDEO_SUFFIXES or (url and suffix in PICTURE_SUFFIXES)):
        return PictureSource(name, SourceKind.VIDEO)
    return PictureSource(name, SourceKind.STREAM if videos and url else SourceKind.PICTURE)


def file_name(name: str) -> str:
    """Return the name, without its folder, of the file that a path or URL stands for.

    Of a URL this is the end of its path, without the query; without one, its host. Characters
    that no file name may have become underscores.
    """
    url = _split_url(name)
    if url is None:
        return Path(name).name
    end = unquote(PurePosixPath(url.path).name) or url.hostname or "stream"
    return _NOT_IN_FILE_NAMES.sub("_", end)


def safe_file_name(text: str) -> str:
    """Return a text as the name of a file or a folder, on every system.

    Characters that no file name may have or that a terminal obeys, and dots and spaces at either
    end, become underscores;
    what is longer than 60 characters is cut off; an empty text is an underscore.
    """
    name = _NOT_IN_FILE_NAMES.sub("_", text)[:_LONGEST_NAME]
    name = name.encode("utf-8", "replace").decode().replace("?", "_")
    name = _DOTS_AT_ENDS.sub(lambda match: "_" * len(match[0]), name) or "_"
    return f"{name}_" if _RESERVED.fullmatch(name) else name


def _split_url(name: str) -> SplitResult | None:
    try:
        return urlsplit(name) if "://" in name else None
    except ValueError:  # a path with :// in it, or a broken URL, which opening will report
        return None


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=folder) from None


def _read_list(path: Path, *, videos: bool) -> list[PictureSource]:
    found = [
        source_from_path(resolve_listed(path, line), videos=videos) for line in read_paths(path)
    ]
    return _check_not_empty(found, str(path), "one path per line", videos=videos)


def _sources_with_known_suffix(names: Iterable[str], *, videos: bool) -> list[PictureSource]:
    """Return sources for the files that are pictures or videos by their suffix, sorted."""
    suffixes = _suffixes(videos=videos)
    known = sorted(name for name in names if Path(name).suffix.lower() in suffixes)
    return [source_from_path(name, videos=videos) for name in known]


def _suffixes(*, videos: bool) -> frozenset[str]:
    return PICTURE_SUFFIXES | VIDEO_SUFFIXES if videos else PICTURE_SUFFIXES


def _check_not_empty(
    found: list[PictureSource], where: str, expected: str, *, videos: bool
) -> list[PictureSource]:
    if not found:
        what = "pictures or videos" if videos else "pictures"
        suffixes = " ".join(sorted(_suffixes(videos=videos)))
        raise UsageError("no pictures", where=where, expected=f"{what} {expected} ({suffixes})")
    return found
