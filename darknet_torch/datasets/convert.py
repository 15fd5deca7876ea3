"""Converts data sets from one format to another. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.examples import DataSet, Problem
from darknet_torch.datasets.missing_pictures import refuse_without_pictures
from darknet_torch.datasets.to_coco import write_coco
from darknet_torch.datasets.to_darknet import write_darknet
from darknet_torch.datasets.to_voc import write_voc
from darknet_torch.datasets.writing import removed_on_failure
from darknet_torch.errors import UsageError
from darknet_torch.text import is_folder, path_exists


@dataclass(frozen=True)
class Conversion:
    """The result of a conversion.

    Attributes:
        counts: for each split, the number of pictures and of boxes that were read.
        problems: problems in the source, and labels that could not be converted.
    """

    counts: dict[str, tuple[int, int]]
    problems: tuple[Problem, ...]


def convert(
    splits: Mapping[str, DataSet],
    target_format: str,
    out: Path,
    *,
    pictures: str = "copy",
    voc_origin: int = VOC_ORIGIN,
) -> Conversion:
    """Write the splits of a data set in another format, all of it or nothing.

    Args:
        splits: from `open_splits`.
        target_format: one of `formats.DATASET_FORMATS`.
        out: an empty folder, or one that does not exist yet.
        pictures: one of `formats.PICTURE_MODES`.
        voc_origin: the number of the first pixel column and row when writing VOC.

    Raises:
        UsageError: `out` is not empty, a file cannot be written, the class names are unknown, or
            none of the pictures exists.
    """
    check_is_empty(out)
    if not next(iter(splits.values())).names:
        raise UsageError(
            "the classes have no names", where=", ".join(splits), expected="--names FILE"
        )
    refuse_without_pictures(splits)
    problems = [problem for data in splits.values() for problem in data.problems]
    named = splits
    if target_format != "darknet":
        named = {"val" if name == "valid" else name: data for name, data in splits.items()}
    with removed_on_failure(out):
        if target_format == "darknet":
            problems += write_darknet(named, out, pictures)
        elif target_format == "coco":
            problems += write_coco(named, out, pictures)
        else:
            problems += write_voc(named, out, pictures, origin=voc_origin)
    return Conversion(
        {name: _count_pictures_and_boxes(data) for name, data in splits.items()}, tuple(problems)
    )


def check_is_empty(out: Path) -> None:
    """Refuse to write a data set into a folder that has files.

    Raises:
        UsageError: `out` is a file, or a folder that is not empty.
    """
    if path_exists(out) and (not is_folder(out) or any(out.iterdir())):
        raise UsageError(
            "the output folder is not empty", where=out, expected="an empty or a new folder"
        )


def _count_pictures_and_boxes(data: DataSet) -> tuple[int, int]:
    labels = (item.labels for item in data.examples)
    return len(data.examples), sum(len(found) for found in labels if found is not None)
