"""Results files, read back: detections without a model. No torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.errors import UsageError
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.evaluation.results_writer import (
    FOUND_FOLDER,
    VOC_PREFIX,
    unique_stems,
    voc_file_name,
    word_of,
)

_CORNERS = 4
_FORMS = (
    f"COCO's results (.json), a folder of {VOC_PREFIX}*.txt, or one of a .txt for each picture"
)

# Picture, class id, score, left, top, right, bottom.
Row = tuple[float, ...]


def read_results(path: Path, ground_truth: GroundTruth) -> DetectionTable:
    """What a results file says was found.

    Args:
        path: a file or folder written by `darknet_torch.evaluation.results_writer` or by
            Darknet's ``valid``. In Pascal VOC's form, the path of any one class's file reads
            all class files in its folder.
        ground_truth: the pictures and classes that it is about.

    Returns:
        The detections by picture, in the order of the file.

    Raises:
        UsageError: it is in none of these forms, or about other pictures or classes.
    """
    try:
        rows = np.array(list(_reader(path)(path, ground_truth)), np.float64).reshape(-1, 7)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=path) from None
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    pictures = rows[:, 0].astype(np.int64)
    return DetectionTable(
        pictures,
        rows[:, 1].astype(np.int64),
        ground_truth.boxes_cxcywh(pictures, rows[:, 3:]).astype(np.float32),
        rows[:, 2].astype(np.float32),
    )


def _reader(path: Path) -> Callable[[Path, GroundTruth], Iterator[Row]]:
    if path.suffix == ".json" and path.is_file():
        return _coco
    folder = path if path.is_dir() else path.parent
    if any(folder.glob(f"{VOC_PREFIX}*.txt")) and (path.is_dir() or VOC_PREFIX in path.name):
        return _voc
    if path.is_dir() and (any(path.glob("*.txt")) or (path / FOUND_FOLDER).is_dir()):
        return _txt
    raise UsageError("no results", where=path, expected=_FORMS)


def _coco(path: Path, ground_truth: GroundTruth) -> Iterator[Row]:
    pictures = {number: i for i, number in enumerate(ground_truth.picture_ids)}
    classes = {number: i for i, number in enumerate(ground_truth.category_ids)}
    try:
        records = json.loads(path.read_bytes())
    except ValueError as error:
        raise UsageError("is no JSON", where=path, got=str(error)) from None
    for number, record in enumerate(records if isinstance(records, list) else [records]):
        where = f"{path}: record {number}"
        try:
            image_id, category_id = record["image_id"], record["category_id"]
            left, top, width, height = map(float, record["bbox"])
            score = float(record["score"])
        except (KeyError, TypeError, ValueError):
            expected = '{"image_id", "category_id", "bbox": [x, y, width, height], "score"}'
            raise UsageError("no result", where=where, expected=expected, got=record) from None
        picture = _known(image_id, pictures, "image_id", where)
        class_id = _known(category_id, classes, "category_id", where)
        yield picture, class_id, score, left, top, left + width, top + height


def _voc(path: Path, ground_truth: GroundTruth) -> Iterator[Row]:
    folder = path if path.is_dir() else path.parent
    pictures = {stem: i for i, stem in enumerate(unique_stems(ground_truth))}
    classes = {voc_file_name(name): i for i, name in enumerate(ground_truth.names)}
    for file in sorted(folder.glob(f"{VOC_PREFIX}*.txt")):
        class_id = _known(file.name, classes, "class", str(file))
        for where, (stem, score, *corners) in _lines(file):
            yield (_known(stem, pictures, "picture", where), class_id, score, *corners)


def _txt(path: Path, ground_truth: GroundTruth) -> Iterator[Row]:
    folder = path / FOUND_FOLDER if (path / FOUND_FOLDER).is_dir() else path
    pictures = {stem: i for i, stem in enumerate(unique_stems(ground_truth))}
    classes = {word_of(name): i for i, name in enumerate(ground_truth.names)}
    for file in sorted(folder.glob("*.txt")):
        picture = _known(file.stem, pictures, "picture", str(file))
        for where, (name, score, *corners) in _lines(file):
            yield (picture, _known(name, classes, "class", where), score, *corners)


def _lines(file: Path) -> Iterator[tuple[str, tuple[str, float, float, float, float, float]]]:
    """Place and fields of each line: a name, which may have blanks, and five numbers."""
    for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), 1):
        if line.strip():
            where = f"{file}:{number}"
            name, *numbers = line.strip().rsplit(maxsplit=1 + _CORNERS)
            try:
                score, left, top, right, bottom = map(float, numbers)
            except ValueError:
                expected = "a name, a score, left, top, right and bottom"
                raise UsageError("no result", where=where, expected=expected, got=line) from None
            yield where, (name, score, left, top, right, bottom)


def _known(key: Any, places: Mapping[Any, int], what: str, where: str) -> int:
    try:
        return places[key]
    except (KeyError, TypeError):
        some = ", ".join(map(str, list(places)[:3]))
        raise UsageError(
            f"this data set has no such {what}",
            where=where,
            expected=f"one of {len(places)}: {some} ..." if places else "none at all",
            got=repr(key),
            fix="name the data set that the results are of with --data and --split",
        ) from None
