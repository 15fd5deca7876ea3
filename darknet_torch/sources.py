"""What a command line's SOURCE means: pictures, folders, globs, lists. No torch."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from darknet_torch.errors import UsageError

PICTURE_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jp2 .png .bmp .dib .tif .tiff .webp .ppm .pgm .pbm .pnm .avif .gif".split()
)
_MAGIC = frozenset("*?[")


def find_pictures(sources: Sequence[str]) -> list[str]:
    """The pictures that `sources` mean, in order, each once.

    Args:
        sources: paths of pictures; folders, for the pictures in them; globs, where ``**``
            is any depth; ``.txt`` lists with a picture a line. A path that is no file is
            kept, for whoever opens it to report.

    Raises:
        UsageError: a folder, glob or list has no pictures.
    """
    found: dict[str, None] = {}
    for source in sources:
        found.update(dict.fromkeys(_expand(source)))
    return list(found)


def _expand(source: str) -> list[str]:
    path = Path(source)
    if path.is_dir():
        inside = (child for child in path.iterdir() if child.is_file())
        pictures = sorted(str(child) for child in inside if _is_picture(child))
        return _some(pictures, source, "pictures in this folder")
    if path.exists() or not _MAGIC & set(source):
        return _read_list(path) if path.suffix == ".txt" and path.is_file() else [source]
    found = (match for match in glob.glob(source, recursive=True) if _is_picture(match))
    matches = sorted(match for match in found if Path(match).is_file())
    return _some(matches, source, "pictures that match")


def _read_list(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text("utf-8-sig", errors="replace").splitlines())
    pictures = [_beside(path, line) for line in lines if line]
    return _some(pictures, str(path), "a picture a line")


def _beside(path: Path, name: str) -> str:
    """`name` against the working folder, as in Darknet, then against the list's own."""
    beside = path.parent / name
    return str(beside) if not Path(name).exists() and beside.exists() else name


def _is_picture(path: str | Path) -> bool:
    return Path(path).suffix.lower() in PICTURE_SUFFIXES


def _some(pictures: list[str], source: str, expected: str) -> list[str]:
    if not pictures:
        suffixes = " ".join(sorted(PICTURE_SUFFIXES))
        raise UsageError("no pictures", where=source, expected=f"{expected} ({suffixes})")
    return pictures
