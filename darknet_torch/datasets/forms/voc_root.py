"""Pascal VOC's folders. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.forms.base import Form, ReadOptions, missing_split
from darknet_torch.datasets.split_names import whole_data_set
from darknet_torch.datasets.voc import (
    ANNOTATIONS,
    NAMES,
    PICTURES,
    SPLITS,
    is_voc_root,
    read_voc,
    voc_splits,
)
from darknet_torch.errors import UsageError
from darknet_torch.text import is_file, is_folder


class VocRoot(Form):
    """A folder with Annotations, JPEGImages and, if there are lists, ImageSets/Main."""

    key = "voc"
    title = "Pascal VOC"

    def locate(self, path: Path) -> Path | None:
        # Others call the pictures' folder images, and put COCO's JSON into Annotations.
        return path if is_voc_root(path) and not _is_elsewhere(path) else None

    def splits(self, path: Path) -> list[str]:
        found = voc_splits(path)
        if not found:
            raise UsageError(
                "no lists of pictures", where=path, expected="ImageSets/Main/train.txt"
            )
        return found

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        available = self.splits(path)
        if split not in available and whole_data_set(available):
            raise missing_split(path, split, available)
        return read_voc(path, split, options.names, origin=options.voc_origin, exif=options.exif)

    def named_files(self, path: Path) -> Iterator[Path]:
        yield from (path / SPLITS).glob("*.txt")
        yield path / NAMES

    def names_are_sorted(self, path: Path) -> bool:
        return not is_file(path / NAMES)


def _is_elsewhere(path: Path) -> bool:
    """Whether pictures or annotations of a root are not where VOC has them."""
    if is_folder(path / SPLITS) and not is_folder(path / "images"):
        return False
    xml = next((path / ANNOTATIONS).glob("*.[xX][mM][lL]"), None)
    json = next((path / ANNOTATIONS).glob("*.json"), None)
    return not is_folder(path / PICTURES) and (xml is not None or json is not None)
