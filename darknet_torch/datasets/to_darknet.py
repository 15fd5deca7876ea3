"""Writes data sets in the Darknet format. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from darknet_torch.datasets.darknet import (
    DIFFICULT,
    difficult_key,
    label_path,
    label_paths,
    read_labels,
)
from darknet_torch.datasets.examples import DataSet, Labels, Problem
from darknet_torch.datasets.split_names import ALL, SAME_AS_VALID, TRAIN, whole_data_set
from darknet_torch.datasets.writing import (
    PlacedExample,
    place_pictures,
    removed_on_failure,
    write_new_file,
)
from darknet_torch.errors import UsageError
from darknet_torch.text import path_exists

# For pictures in this folder both code bases look for labels in the folder "labels" next to it.
PICTURES = "JPEGImages"
_NAME = "dataset"
_KEYS = dict.fromkeys(SAME_AS_VALID, "valid")
_SAME = 1e-6  # of a picture: labels that differ by less were rounded when they were written


def write_darknet(splits: Mapping[str, DataSet], out: Path, pictures: str) -> list[Problem]:
    """Write ``dataset.data``, ``dataset.names``, a list for each split, and the labels.

    Difficult boxes are written to separate label files, which AlexeyAB's ``difficult=`` finds
    and training does not read.

    Args:
        splits: the data set's splits by name.
        out: the folder to write into.
        pictures: one of `formats.PICTURE_MODES`. For pictures that are kept in place, labels
            are written where Darknet looks for them.

    Returns:
        The labels and pictures that could not be written.

    Raises:
        UsageError: a file cannot be written, or labels already exist where they would be written.
    """
    out = out.absolute()
    if pictures == "keep":
        _refuse_labels(splits)
    placed, problems = place_pictures(splits, out / PICTURES, pictures)
    write_placed(placed, next(iter(splits.values())).names, out)
    return problems


def write_placed(
    placed: Mapping[str, Sequence[PlacedExample]], names: Sequence[str], out: Path
) -> None:
    """Write all but the pictures, which have their places; see `write_darknet`.

    Args:
        placed: the pictures of each split, by its name.
        names: the class names.
        out: the folder to write into, an absolute path.

    Raises:
        UsageError: a file cannot be written.
    """
    # Darknet trains on train=; a data set without splits has no other list.
    keys = _KEYS if TRAIN in placed else {whole_data_set(list(placed)) or ALL: TRAIN, **_KEYS}
    lists = {keys.get(name, name): items for name, items in placed.items()}
    files = _collect_label_files(item for items in lists.values() for item in items)
    with removed_on_failure(*files):
        write_lists(lists, names, out, labels=files)


def write_lists(
    lists: Mapping[str, Sequence[PlacedExample]],
    names: Sequence[str],
    out: Path,
    *,
    labels: Mapping[Path, Labels] | None = None,
    last_line: str = "backup=backup",
) -> Path:
    """Write ``dataset.data``, ``dataset.names`` and the picture lists.

    The lists are written first and ``dataset.data`` last: what a killed process leaves is then
    neither a data set nor taken for pictures whose labels have no names.

    Args:
        lists: the pictures of each list, by its key in the .data file.
        names: the class names.
        out: the folder to write into, an absolute path.
        labels: label files to write as well, by their paths.
        last_line: what is written below the other keys.

    Returns:
        The path of ``dataset.data``.

    Raises:
        UsageError: a file cannot be written.
    """
    lines = [f"classes={len(names)}"]
    for key, items in lists.items():
        paths = [item.picture for item in items]
        lines.append(_written_list(out / f"{key}.txt", key, paths))
        if any(_is_difficult(item) for item in items):
            difficult = [_difficult_path(path) for path in paths]
            lines.append(
                _written_list(out / f"difficult_{key}.txt", difficult_key(key), difficult)
            )
    names_file = out / f"{_NAME}.names"
    write_new_file(names_file, "".join(f"{name}\n" for name in names))
    lines += [f"names={_value(names_file)}", last_line]
    write_label_files(labels or {})
    write_new_file(out / f"{_NAME}.data", "\n".join(lines) + "\n")
    return out / f"{_NAME}.data"


def _written_list(path: Path, key: str, pictures: Sequence[Path]) -> str:
    write_new_file(path, "".join(f"{picture}\n" for picture in pictures))
    return f"{key}={_value(path)}"


def _value(path: Path) -> str:
    """A path as a .data value: absolute, or relative if it has spaces, which Darknet drops."""
    return path.name if any(letter.isspace() for letter in str(path)) else str(path)


def missing_label_files(placed: Sequence[PlacedExample]) -> dict[Path, Labels]:
    """The label files that Darknet does not find, for pictures that stay where they are.

    Where it finds the same boxes already, none is needed. A picture without labels gets none.

    Args:
        placed: the pictures.

    Returns:
        Each file that is needed, and its boxes.

    Raises:
        UsageError: labels with other boxes, or of another form, are where a file would be.
    """
    needed = {item.picture: item for item in placed if _lacks_labels(item)}
    for picture, item in needed.items():
        path = label_paths(str(picture))[0]
        if path_exists(path):
            raise UsageError(
                "other labels are where the new ones would be written",
                where=path,
                expected=f"no file, or the boxes of {item.example.label_file}",
                fix="dtorch dataset convert DATA --to darknet --out DIR copies pictures and "
                "labels to a new folder; or move the old labels away",
            )
    return _collect_label_files(needed.values())


def write_label_files(files: Mapping[Path, Labels]) -> None:
    """Write labels with eight decimals: within 0.01 pixels in any picture that fits memory.

    Raises:
        UsageError: a file cannot be written.
    """
    for file, labels in files.items():
        rows = zip(labels.class_ids, labels.boxes, strict=True)
        lines = (f"{key} " + " ".join(f"{value:.8f}" for value in box) for key, box in rows)
        write_new_file(file, "".join(f"{line}\n" for line in lines))


def written_files(lists: Mapping[str, Sequence[PlacedExample]], out: Path) -> list[Path]:
    """The files that `write_lists` writes."""
    names = [f"{_NAME}.data", f"{_NAME}.names"]
    for key, items in lists.items():
        names.append(f"{key}.txt")
        if any(map(_is_difficult, items)):
            names.append(f"{DIFFICULT}_{key}.txt")
    return [out / name for name in names]


def _lacks_labels(item: PlacedExample) -> bool:
    """Whether Darknet would not read the boxes of an example where it looks for them."""
    labels = item.example.labels
    if labels is None:
        return False
    if item.example.difficult_file is not None:
        return False  # they were read by Darknet's own rules
    found, _ = read_labels(label_path(str(item.picture)))
    return (
        found is None
        or bool(labels.difficult.any())
        or not np.array_equal(found.class_ids, labels.class_ids)
        or not np.allclose(found.boxes, labels.boxes, rtol=0, atol=_SAME)
    )


def _refuse_labels(splits: Mapping[str, DataSet]) -> None:
    for item in (item for data in splits.values() for item in data.examples):
        path = label_paths(str(item.path.absolute()))[0]
        if path_exists(path):
            raise UsageError(
                "there are labels already where the new ones would be written",
                where=path,
                fix="choose --pictures copy or link, or remove the old labels",
            )


def _is_difficult(item: PlacedExample) -> bool:
    return item.example.labels is not None and bool(item.example.labels.difficult.any())


def _difficult_path(picture: Path) -> Path:
    """The path whose label file has the difficult boxes, as in voc_label_difficult.py."""
    return picture.with_name(f"{DIFFICULT}_{picture.name}")


def _collect_label_files(items: Iterable[PlacedExample]) -> dict[Path, Labels]:
    """All label files and their boxes; a picture that is there several times has them once."""
    files: dict[Path, Labels] = {}
    for item in {item.picture: item for item in items}.values():
        for file, labels in _label_files(item).items():
            if file in files:
                raise UsageError(
                    "two pictures would have the same label file",
                    where=file,
                    fix="choose --pictures copy or link, which gives them different names",
                )
            files[file] = labels
    return files


def _label_files(item: PlacedExample) -> dict[Path, Labels]:
    """The label files of a picture, and the boxes that each has."""
    labels = item.example.labels
    if labels is None:
        return {}
    files = {label_paths(str(item.picture))[0]: labels.select(~labels.difficult)}
    if labels.difficult.any():
        path = label_paths(str(_difficult_path(item.picture)))[0]
        files[path] = labels.select(labels.difficult)
    return files
