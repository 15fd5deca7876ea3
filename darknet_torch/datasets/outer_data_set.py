"""Finds the data set that a folder is a part of. No torch."""

from __future__ import annotations

import os
import shlex
import warnings
from contextlib import suppress
from pathlib import Path

from darknet_torch.datasets.forms import find_form
from darknet_torch.datasets.forms.base import Form, ReadOptions
from darknet_torch.datasets.forms.darknet_data import DarknetData
from darknet_torch.datasets.forms.yolo_yaml import YoloYaml
from darknet_torch.datasets.split_names import split_word
from darknet_torch.errors import CfgWarning, DarknetError, UsageError
from darknet_torch.text import is_folder, real_path

_WITH_LISTS: tuple[Form, ...] = (DarknetData(), YoloYaml())  # found without a look below a folder
_DATA = ".data"
_HALVES = ("images", "labels")  # folders that have the splits inside


def refuse_part(folder: Path) -> None:
    """Check that a folder is no part of a data set that has other splits, or names its classes.

    The folder above it and the one above that are looked into.

    Raises:
        UsageError: it is; the message has the command for the whole data set.
    """
    if not is_folder(folder):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        outer = _with_lists(folder) or _with_split_folders(folder)
    if outer is not None:
        raise UsageError(
            "is a part of a data set that has splits and names already",
            where=folder,
            expected=f"the whole of it, {outer}",
            fix=f"run {_command(outer)}; or, to split this folder alone, give --valid 0.2",
        )


def _command(outer: Path) -> str:
    """The command for the whole data set; a .data file is what `init` would write."""
    words = ["check"] if outer.suffix == _DATA else ["dataset", "init"]
    return shlex.join(["dtorch", *words, str(outer)])


def _above(folder: Path) -> list[Path]:
    """The folder above and the one above that, as the user would write them."""
    parents = folder.absolute().parents[:2]
    return [path if folder.is_absolute() else Path(os.path.relpath(path)) for path in parents]


def _with_lists(folder: Path) -> Path | None:
    """The .data or YAML file above a folder that lists pictures in it, or None."""
    for place in _above(folder):
        for form in _WITH_LISTS:
            with suppress(DarknetError, OSError):
                file = form.locate(place)
                if file is not None and _lists_pictures_of(form, file, real_path(folder)):
                    return file
    return None


def _lists_pictures_of(form: Form, file: Path, folder: Path) -> bool:
    return any(
        folder in real_path(item.path).parents
        for split in form.splits(file)
        for item in form.read(file, split, ReadOptions()).examples
    )


def _with_split_folders(folder: Path) -> Path | None:
    """The data set whose splits are a folder and those next to it, or None."""
    above = _above(folder)
    own = split_word(folder.absolute().name)
    if own is None or not above:
        return None
    with suppress(DarknetError, OSError):
        words = {split_word(path.name) for path in above[0].iterdir() if is_folder(path)}
        root = above[-1] if above[0].absolute().name in _HALVES else above[0]
        found = find_form(root) if words - {None, own} else None
        if found is not None and len(found[0].splits(found[1])) > 1:
            return root
    return None
