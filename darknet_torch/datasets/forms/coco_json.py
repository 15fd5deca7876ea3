"""COCO's JSON files, by themselves or in their folder. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from darknet_torch.datasets.coco import read_coco
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.forms.base import ReadOptions
from darknet_torch.datasets.forms.file_per_split import FilePerSplit
from darknet_torch.datasets.split_names import ALL, split_word
from darknet_torch.text import is_file, is_folder, open_to_read

_SUFFIX = ".json"
_FOLDERS = ("annotations", "Annotations", "annotation", "labels")
_PREFIX, _ROBOFLOW = "instances_", ".coco.json"
_YEAR = re.compile(r"(?<=[a-z])20\d\d$")
_FIRST_BYTES = 65536
_WORDS = (b'"images"', b'"annotations"')  # Label Studio's notes.json has categories alone


class CocoJson(FilePerSplit):
    """A JSON file, which is one split, or a folder with one for each split."""

    key = "coco"
    title = "COCO"
    suffix, kind = _SUFFIX, "COCO files"

    def files(self, folder: Path) -> list[Path]:
        """The files with COCO's names, else Roboflow's, else all that look like COCO's."""
        found = [*_json(folder)]
        for inner in sorted(_folders(folder)):
            if inner.name in _FOLDERS or split_word(inner.name):
                found += _json(inner)
        for chosen in (
            [file for file in found if file.name.startswith(_PREFIX)],
            [file for file in found if file.name.endswith(_ROBOFLOW)],
        ):
            if chosen:
                return chosen
        return [file for file in found if _looks_like_coco(file)]

    def split_of(self, file: Path, folder: Path | None) -> str:
        if folder is None:
            return split_of_json(file)
        inside = split_word(file.parent.relative_to(folder).name)
        return inside or split_word(file.name.removeprefix(_PREFIX).split(".")[0]) or ALL

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        file = self.file_of(path, split)
        return read_coco(file, options.images, options.names, split=split, exif=options.exif)


def split_of_json(file: Path) -> str:
    """The split of a file: instances_train2017.json is "train"; another name is a split, too.

    Roboflow's files have the same name in every folder, which is called after the split.
    """
    if file.name.startswith("_annotations"):
        return split_word(file.absolute().parent.name) or ALL
    return _YEAR.sub("", file.stem.removeprefix(_PREFIX))


def _folders(root: Path) -> Iterable[Path]:
    return [path for path in root.iterdir() if is_folder(path)]


def _json(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.suffix.lower() == _SUFFIX and is_file(path)
    )


def _looks_like_coco(file: Path) -> bool:
    """Whether the start of a JSON file has a key of COCO's."""
    try:
        with open_to_read(file) as opened:
            start = opened.read(_FIRST_BYTES)
    except OSError:
        return False
    return start.lstrip()[:1] == b"{" and any(word in start for word in _WORDS)
