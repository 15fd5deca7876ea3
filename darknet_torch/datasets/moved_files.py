"""Finds files that lists name by the paths of another machine or folder. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

from darknet_torch.cfg.data_file import resolve
from darknet_torch.errors import CfgNote, warn
from darknet_torch.reading import read_paths
from darknet_torch.text import path_exists, refusal

_NAMELESS = (".", "..")


def find_moved(name: str, folders: Iterable[Path]) -> Path | None:
    """The longest end of a path that exists in one of `folders`, or None.

    ``data/obj_train_data/a.jpg``, as CVAT writes it, is ``obj_train_data/a.jpg`` next to the
    list; ``C:\\photos\\train\\a.jpg`` may be ``train/a.jpg``.

    Args:
        name: the path as it is written, also with the backslashes of Windows.
        folders: where to look.
    """
    path = PureWindowsPath(name)  # takes both separators
    parts = path.parts[1:] if path.anchor else path.parts
    if "\\" not in name:
        parts = tuple(part for part in name.split("/") if part)
    parts = tuple(part for part in parts if part not in _NAMELESS)
    if not parts or refusal(name) is not None:
        return None
    places = list(dict.fromkeys(folders))
    for start in range(len(parts)):
        for folder in places:
            candidate = folder.joinpath(*parts[start:])
            if path_exists(candidate):
                return candidate
    return None


def locate_picture(folder: Path, name: str) -> Path:
    """The path of a picture that a COCO or CSV file names, relative to a folder.

    Where there is no such picture, the longest end of the name that exists in the folder, or in
    ``images`` in it, is taken; see `find_moved`.
    """
    path = folder / name
    return path if path_exists(path) else find_moved(name, [folder, folder / "images"]) or path


def read_picture_list(path: Path, folders: Iterable[Path] = ()) -> list[str]:
    """The pictures of a list, by paths that exist where there is such a picture.

    Args:
        path: the list, with one picture on each line.
        folders: where to look for pictures that are not where the list says, besides the folder
            of the list; see `find_moved`.

    Raises:
        UsageError: the list cannot be read.

    Warns:
        CfgNote: pictures are not where the list says, and were found elsewhere.

    Differs: Darknet reads the paths as they are written.
    """
    places = (path.parent, *folders)
    found: list[str] = []
    moved: list[tuple[str, Path]] = []
    for line in read_paths(path):
        picture = str(resolve(path, line))
        other = None if path_exists(picture) else find_moved(line, places)
        if other is not None:
            moved.append((line, other))
        found.append(str(other or picture))
    if moved:
        line, other = moved[0]
        warn(
            f"{len(moved)} of {len(found)} pictures are not where the list says; they are read "
            "from other folders",
            where=path,
            expected=line,
            got=os.fspath(other),
            category=CfgNote,
        )
    return found
