"""Makes a Darknet data set of pictures that stay where they are: lists, names, .data. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.datasets.darknet import label_path, label_paths
from darknet_torch.datasets.examples import DataSet, Example, Problem
from darknet_torch.datasets.forms.base import Form
from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
from darknet_torch.datasets.missing_pictures import leave_out_missing
from darknet_torch.datasets.near_duplicates import group_pictures
from darknet_torch.datasets.opening import recognise
from darknet_torch.datasets.split import split_examples
from darknet_torch.datasets.split_names import ALL, SAME_AS_VALID, TRAIN, whole_data_set
from darknet_torch.datasets.to_darknet import (
    missing_label_files,
    write_lists,
    written_files,
)
from darknet_torch.datasets.writing import PlacedExample, removed_on_failure
from darknet_torch.errors import UsageError
from darknet_torch.text import is_folder, path_exists, real_path

VALID = "valid"
_COMMENT = (
    "# Darknet's C program needs backup=FOLDER. Without it dtorch train makes a folder in runs/."
)


@dataclass(frozen=True)
class InitialisedDataSet:
    """What was understood and written.

    Attributes:
        source: the data set that was recognised.
        form: its form.
        data_file: the .data file that was written.
        splits: the pictures of each list.
        names: the class names.
        boxes: for each class, the number of its boxes that can be used.
        seed: the seed of the split; None if the splits were taken as found.
        labels_written: the label files that were written.
        only_pjreddie: a label file that AlexeyAB's C program does not find; None if it finds all.
        problems: what is wrong in the source, with the boxes that no command uses.
    """

    source: Path
    form: Form
    data_file: Path
    splits: dict[str, list[Example]]
    names: tuple[str, ...]
    boxes: tuple[int, ...]
    seed: int | None
    labels_written: tuple[Path, ...]
    only_pjreddie: Path | None
    problems: tuple[Problem, ...]


def initialise(
    splits: Mapping[str, DataSet],
    data: Path,
    out: Path | None = None,
    *,
    valid: float | None = None,
    seed: int = 0,
) -> InitialisedDataSet:
    """Write ``dataset.data``, ``dataset.names`` and a list for each split of a data set.

    Pictures stay where they are; those that do not exist are left out, and each is a problem of
    the result. Labels of another form are written as txt files where Darknet
    looks for them, unless they are there.

    Args:
        splits: all splits of the data set, from `open_splits`.
        data: its path.
        out: the folder to write into; by default that of the data set.
        valid: the share of the pictures for the list `valid`, from 0 to below 1, but at least one
            picture unless it is 0; by default a fifth if the data set has no splits, else none.
        seed: seed of the split, which keeps nearly equal pictures together where it can.

    Raises:
        UsageError: it is a Darknet data set there already, a file would be replaced, there are no
            classes or no pictures, none of the pictures exists, or a file cannot be written. Then
            no file is left.
    """
    form, source = recognise(data)
    own = source if is_folder(source) else source.parent
    folder = own if out is None else out
    _refuse_darknet(form, source, folder)
    names = next(iter(splits.values())).names
    if not names:
        raise UsageError(
            "no classes", where=data, expected="labelled pictures, or --names FILE", got="no boxes"
        )
    splits = leave_out_missing(splits)
    parts, is_dealt = _deal(splits, data, valid, seed)
    placed = {
        name: [PlacedExample(item, item.path.absolute()) for item in items]
        for name, items in parts.items()
    }
    written = _write(placed, names, folder)
    usable = [leave_out_wrong_boxes(data_set, len(names)) for data_set in splits.values()]
    return InitialisedDataSet(
        source,
        form,
        folder / "dataset.data",
        parts,
        names,
        _count_boxes(usable, len(names)),
        seed if is_dealt else None,
        tuple(written),
        _found_by_pjreddie_alone(placed),
        tuple(problem for data_set in usable for problem in data_set.problems),
    )


def _refuse_darknet(form: Form, source: Path, folder: Path) -> None:
    if form.key == "darknet" and real_path(folder) == real_path(source.parent):
        raise UsageError(
            "is a Darknet data set already",
            where=source,
            expected="pictures with labels that have no .data file",
            got=source.name,
            fix=f"use it as it is: dtorch check {source}; or write another one with --out DIR",
        )


def _deal(
    splits: Mapping[str, DataSet], data: Path, valid: float | None, seed: int
) -> tuple[dict[str, list[Example]], bool]:
    """The pictures of each list, and whether they were dealt out here."""
    found = {
        VALID if name in SAME_AS_VALID else name: list(data_set.examples)
        for name, data_set in splits.items()
        if data_set.examples
    }
    if not found:
        raise UsageError("no pictures", where=data, expected="at least one picture")
    if VALID in found and valid is not None:
        raise UsageError(
            "--valid, but the data set has this split already",
            where=data,
            expected="a data set without it",
            got=", ".join(splits),
            fix="leave out --valid",
        )
    whole = TRAIN if TRAIN in found else whole_data_set(list(found)) or ALL
    share = (0.0 if whole == TRAIN else 0.2) if valid is None else valid
    if whole not in found or VALID in found:
        return found, False
    examples = found.pop(whole)
    if not share:
        return {TRAIN: examples, **found}, False
    share = max(share, 1 / max(len(examples), 2))
    groups, _ = group_pictures({item.path: item.exif for item in examples})
    parts = {TRAIN: 1 - share, VALID: share}
    dealt = split_examples(examples, parts, seed=seed, groups=groups)
    if not all(dealt.values()):  # nearly all are one group, such as the frames of one camera
        dealt = split_examples(examples, parts, seed=seed)
    return {**{name: items for name, items in dealt.items() if items}, **found}, True


def _write(
    placed: Mapping[str, Sequence[PlacedExample]], names: Sequence[str], folder: Path
) -> list[Path]:
    """Write everything or nothing; return the label files that were written."""
    absolute = folder.absolute()
    targets = written_files(placed, absolute)
    there = [path for path in targets if path_exists(path)]
    if there:
        raise UsageError(
            "would be replaced",
            where=there[0],
            expected="no such file",
            got=", ".join(path.name for path in there),
            fix="write into another folder with --out DIR, or move it away",
        )
    files = missing_label_files([item for items in placed.values() for item in items])
    with removed_on_failure(*files, *targets):
        write_lists(placed, names, absolute, labels=files, last_line=_COMMENT)
    return list(files)


def _count_boxes(data_sets: Sequence[DataSet], classes: int) -> tuple[int, ...]:
    counts: Counter[int] = Counter()
    for data_set in data_sets:
        for item in data_set.examples:
            counts.update(() if item.labels is None else map(int, item.labels.class_ids))
    return tuple(counts[index] for index in range(classes))


def _found_by_pjreddie_alone(placed: Mapping[str, Sequence[PlacedExample]]) -> Path | None:
    """The first label file that is not where AlexeyAB's program looks for it.

    Source: utils.c replace_image_to_label (AlexeyAB).
    """
    for item in (item for items in placed.values() for item in items):
        found = label_path(item.picture)
        if item.example.labels is not None and found != label_paths(str(item.picture))[0]:
            return found
    return None
