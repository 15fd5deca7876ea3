"""What to do about a path that a person or a program gives as a picture, and that is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from darknet_torch.errors import ImageError
from darknet_torch.media.sources import GLOB_CHARACTERS, VIDEO_SUFFIXES
from darknet_torch.text import is_folder, path_exists, suggest_file

_LISTED = (
    "for several pictures give a list of paths, such as sorted(Path({folder!r}).glob({glob!r}))"
)
_COMMAND = "; dtorch detect takes folders, globs and videos"


@contextmanager
def advising(path: str | os.PathLike[str]) -> Iterator[None]:
    """Add to the error for a path, if it cannot be read as a picture, what can be done.

    It may list a folder, which is not for the many pictures of a data set.

    Raises:
        ImageError: the one raised inside.
    """
    try:
        yield
    except ImageError as error:
        advice = _advice(os.fspath(path))
        if advice is None:
            raise
        raise ImageError(
            error.what, where=error.where, expected=error.expected, got=error.got, fix=advice
        ) from None


def _advice(name: str) -> str | None:
    path = Path(name)
    if is_folder(path):
        return _LISTED.format(folder=name, glob="*.jpg") + _COMMAND
    if path_exists(path):
        is_video = path.suffix.lower() in VIDEO_SUFFIXES
        return f"give the frames of a video as arrays{_COMMAND}" if is_video else None
    if GLOB_CHARACTERS & set(path.name):
        return _LISTED.format(folder=str(path.parent), glob=path.name) + _COMMAND
    return suggest_file(path)
