"""Finds pictures whose suffix differs from the one that labels or lists name. No torch."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import cache
from pathlib import Path

from darknet_torch.datasets.examples import Problem
from darknet_torch.media.sources import PICTURE_SUFFIXES
from darknet_torch.text import is_file


class PictureFinder:
    """Finds the pictures of one data set; each folder is listed once."""

    def __init__(self) -> None:
        self._list = cache(_list_pictures)

    def find(self, named: Path, where: str) -> tuple[Path, list[Problem]]:
        """The picture of a name, else one that differs from it by the suffix alone.

        A named file that exists is taken whatever its suffix is.

        Args:
            named: the path as labels or lists have it.
            where: the file that names it, for the note.

        Returns:
            The path, which is `named` if there is no such picture either; and a note if the
            suffix differs.
        """
        others = self._list(named.parent).get(named.stem, [])
        if not others or named.name in others or is_file(named):
            return named, []
        what = f"the picture has another suffix; {others[0]} is read"
        note = Problem(
            "other suffix", where, what, expected=named.name, got=others[0], is_note=True
        )
        return named.with_name(others[0]), [note]


def _list_pictures(folder: Path) -> dict[str, list[str]]:
    """Stem -> names of the pictures of a folder; none if the folder cannot be listed."""
    found: dict[str, list[str]] = defaultdict(list)
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 (faster, for many pictures)
    except (OSError, ValueError):
        return {}
    for name in names:
        stem, suffix = os.path.splitext(name)  # noqa: PTH122 (faster, for many pictures)
        if suffix.lower() in PICTURE_SUFFIXES:
            found[stem].append(name)
    return found
