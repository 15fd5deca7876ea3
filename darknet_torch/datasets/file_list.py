"""The files that a data set consists of, which outputs must not replace. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.classification import is_classification
from darknet_torch.datasets.darknet import DataFile
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.opening import list_splits, open_dataset, recognise
from darknet_torch.errors import DarknetError
from darknet_torch.media.sources import PICTURE_SUFFIXES
from darknet_torch.text import is_folder

_Path = str | os.PathLike[str]


def named_files(data: _Path) -> Iterator[Path]:
    """Yield the lists and names of a data set, but not its pictures and labels.

    Nothing is yielded for what is no data set.
    """
    with suppress(DarknetError, OSError):
        form, path = recognise(data)
        if path != Path(data):  # a file that was found in the folder that is given
            yield path
        yield from form.named_files(path)


def example_files(splits: Iterable[DataSet]) -> Iterator[Path]:
    """Yield the pictures and the label files of opened splits."""
    for split in splits:
        for example in split.examples:
            yield example.path
            labels = (example.label_file, example.difficult_file)
            yield from (file for file in labels if file is not None)


def all_files(
    data: _Path,
    *,
    images: _Path | None = None,
    names: _Path | None = None,
    voc_origin: int = VOC_ORIGIN,
) -> Iterator[Path]:
    """Yield the files of all splits of a detector's or a classifier's data set.

    What cannot be opened is left out.

    Args:
        data: its path.
        images, names, voc_origin: as in `open_dataset`.
    """
    path = Path(data)
    yield from named_files(path)
    with suppress(DarknetError, OSError):
        if is_classification(path):
            yield from _classified_pictures(path)
            return
        for split in list_splits(path):
            with suppress(DarknetError):
                opened = open_dataset(
                    path, images=images, split=split, names=names, voc_origin=voc_origin
                )
                yield from example_files([opened])


def _classified_pictures(path: Path) -> Iterator[Path]:
    if is_folder(path):
        yield from (file for file in path.rglob("*") if file.suffix.lower() in PICTURE_SUFFIXES)
        return
    file = DataFile.read(path)
    for split in file.splits:
        with suppress(DarknetError):
            yield from map(Path, file.pictures(split))
