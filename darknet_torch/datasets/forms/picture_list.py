"""A list of pictures with txt labels. No torch."""

from __future__ import annotations

from pathlib import Path

from darknet_torch.datasets.class_files import find_class_names, folders_of_names, names_files
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.forms.base import Form, ReadOptions
from darknet_torch.datasets.moved_files import read_picture_list
from darknet_torch.datasets.split_names import ALL, split_word
from darknet_torch.datasets.yolo import YoloReader
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import PICTURE_SUFFIXES
from darknet_torch.reading import read_paths
from darknet_torch.text import is_file

_SUFFIXES = (".txt", ".list", ".lst")


def is_picture_list(path: Path) -> bool:
    """Whether a text file's first line is the path of a picture."""
    if path.suffix.lower() not in _SUFFIXES or not is_file(path):
        return False
    try:
        lines = read_paths(path)[:1]
    except UsageError:
        return False
    return any(Path(line).suffix.lower() in PICTURE_SUFFIXES for line in lines)


class PictureList(Form):
    """A text file with the path of a picture on each line."""

    key = "list"
    title = "a list of pictures with txt labels"
    is_one_split = True

    def locate(self, path: Path) -> Path | None:
        return path if is_picture_list(path) else None

    def splits(self, path: Path) -> list[str]:
        return [split_word(path.stem) or ALL]

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        reader = YoloReader(path.parent, options.exif)
        examples = reader.read(read_picture_list(path), str(path))
        folders = [path.parent, *folders_of_names(examples)]
        names = options.names or find_class_names(names_files(folders))
        return reader.data_set(examples, names, str(path), lambda: examples)
