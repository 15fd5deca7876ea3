"""Writes a data set with augmented copies of its pictures, in Darknet's form. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.augment.random_streams import RandomStream, SampleSeed
from darknet_torch.augment.transforms.base import Step, apply_steps
from darknet_torch.augment.transforms.labelled_image import ADDED, LabelledImage
from darknet_torch.datasets.convert import check_is_empty
from darknet_torch.datasets.examples import DataSet, Labels, Problem
from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
from darknet_torch.datasets.missing_pictures import refuse_without_pictures
from darknet_torch.datasets.split_names import TRAIN, whole_data_set
from darknet_torch.datasets.to_darknet import PICTURES, write_placed
from darknet_torch.datasets.writing import PlacedExample, place_pictures, removed_on_failure
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.media.decoding import read_picture
from darknet_torch.media.images import write_picture

_OTHER_SUFFIX = ".png"  # of copies of pictures in a format that OpenCV does not write


@dataclass(frozen=True)
class AugmentedDataSet:
    """What was written.

    Attributes:
        counts: for each split, the number of pictures and of boxes.
        split: the split that the copies are made of.
        copies: number of augmented copies.
        boxes: number of their boxes.
        dropped: number of boxes that left a copy.
        problems: problems in the source, and pictures without copies.
    """

    counts: dict[str, tuple[int, int]]
    split: str
    copies: int
    boxes: int
    dropped: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Copy:
    """An augmented copy that was written, and the number of boxes that left it."""

    placed: PlacedExample
    dropped: int


def write_augmented(
    splits: Mapping[str, DataSet],
    out: Path,
    steps: Sequence[Step],
    *,
    times: int,
    seed: int = 0,
    originals: bool = True,
) -> AugmentedDataSet:
    """Write a data set with augmented copies of the pictures to train on, all of it or nothing.

    The pictures of other splits are copied as they are: a network is evaluated on real ones.

    Args:
        splits: from `open_splits`. Copies are made of "train", or of the only split.
        out: an empty folder, or one that does not exist yet.
        steps: applied to each copy with random numbers of its own.
        times: copies of each picture.
        seed: the same seed gives the same copies.
        originals: also write the pictures as they are; else the copies are all that is written.

    Raises:
        UsageError: `out` is not empty, a file cannot be written, the class names are unknown,
            there is no split to train on, none of the pictures exists, or a step fails.
    """
    check_is_empty(out)
    split, names = _split_to_augment(splits), next(iter(splits.values())).names
    if not names:
        raise UsageError(
            "the classes have no names", where=", ".join(splits), expected="--names FILE"
        )
    refuse_without_pictures(splits)
    out = out.absolute()
    problems = [problem for data in splits.values() for problem in data.problems]
    with removed_on_failure(out):
        placed, missing = (
            place_pictures(splits, out / PICTURES, "copy") if originals else ({split: []}, [])
        )
        usable = leave_out_wrong_boxes(splits[split], len(names))
        made = list(_copies(usable, out / PICTURES, steps, times, seed, _stems(placed), problems))
        placed[split] = [*placed[split], *(copy.placed for copy in made)]
        write_placed(placed, names, out)
    return AugmentedDataSet(
        {name: (len(items), sum(map(_boxes, items))) for name, items in placed.items()},
        split,
        len(made),
        sum(_boxes(copy.placed) for copy in made),
        sum(copy.dropped for copy in made),
        tuple(dict.fromkeys((*problems, *missing))),
    )


def _split_to_augment(splits: Mapping[str, DataSet]) -> str:
    """The split to train on, or the only one."""
    found = TRAIN if TRAIN in splits else whole_data_set(list(splits))
    if found is None and len(splits) == 1:
        found = next(iter(splits))
    if found is None:
        raise UsageError(
            "no split to train on",
            where=next(iter(splits.values())).origin,
            expected=f"{TRAIN}, or a single split",
            got=", ".join(splits),
            fix="name the one to augment with --split",
        )
    return found


def _stems(placed: Mapping[str, Sequence[PlacedExample]]) -> set[str]:
    return {item.picture.stem.lower() for items in placed.values() for item in items}


def _copies(
    data: DataSet,
    folder: Path,
    steps: Sequence[Step],
    times: int,
    seed: int,
    taken: set[str],
    problems: list[Problem],
) -> Iterator[_Copy]:
    """Write the copies of each picture; add the pictures that cannot be read to `problems`."""
    for index, example in enumerate(data.examples):
        try:
            image = read_picture(example.path, exif=example.exif).image
        except ImageError as error:
            what = str(error).removeprefix(f"{example.path}: ")
            problems.append(Problem("unreadable picture", str(example.path), f"{what}; no copies"))
            continue
        labels = Labels.empty() if example.labels is None else example.labels
        before = LabelledImage.from_labels(image, labels)
        for number in range(1, times + 1):
            random = SampleSeed(seed, number, index).generator(RandomStream.TRANSFORMS)
            after = apply_steps(steps, before, random)
            path = _free_path(folder, example.path, number, taken)
            folder.mkdir(parents=True, exist_ok=True)
            write_picture(path, after.image)
            own = None if example.labels is None else _labels(after, labels)
            copy = replace(example, path=path, labels=own, size=after.image.shape[:2])
            dropped = len(before.boxes) - len(after.boxes)
            yield _Copy(PlacedExample(copy, path), max(0, dropped))


def _labels(picture: LabelledImage, before: Labels) -> Labels:
    """The boxes that are left, difficult where they were before."""
    kept = picture.to_labels(len(before))
    if (picture.rows == ADDED).any():
        return kept
    return replace(kept, difficult=before.difficult).select(picture.rows)


def _free_path(folder: Path, picture: Path, number: int, taken: set[str]) -> Path:
    """A path for a copy, with a stem of its own: labels are found by it."""
    stem = base = f"{picture.stem}-augmented-{number}"
    again = 1
    while stem.lower() in taken:  # some file systems ignore case
        again += 1
        stem = f"{base}-{again}"
    taken.add(stem.lower())
    suffix = picture.suffix if _can_be_written(picture.suffix) else _OTHER_SUFFIX
    return folder / f"{stem}{suffix}"


def _can_be_written(suffix: str) -> bool:
    try:
        return bool(suffix) and bool(cv2.imencode(suffix, np.zeros((1, 1, 3), np.uint8))[0])
    except cv2.error:
        return False


def _boxes(item: PlacedExample) -> int:
    return 0 if item.example.labels is None else len(item.example.labels)
