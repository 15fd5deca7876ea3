"""Reading result files, so that detections can be evaluated without a model. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.datasets.json_file import read_json, show
from darknet_torch.errors import UsageError
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.evaluation.results_writer import (
    DETECTIONS_FOLDER,
    VOC_PREFIX,
    as_one_word,
    unique_stems,
    voc_file_name,
)
from darknet_torch.reading import guarded, read_lines
from darknet_torch.text import is_file, is_folder, path_lines, text_lines

_COORDINATES = 4
_FORMATS = (
    f"COCO's results (.json), a folder of {VOC_PREFIX}*.txt, or one of a .txt for each picture"
)

_LINE = "a name, a score, left, top, right and bottom"
_RECORD = '{"image_id", "category_id", "bbox": [x, y, width, height], "score"}'

# Picture, class id, score, left, top, right, bottom.
Row = tuple[float, ...]


def read_results(path: Path, ground_truth: GroundTruth) -> DetectionTable:
    """Read the detections in a results file or folder.

    Args:
        path: a file or folder written by `darknet_torch.evaluation.results_writer` or by
            Darknet's ``valid``. In Pascal VOC's format, the path of any one class's file reads
            all class files in its folder.
        ground_truth: the pictures and classes that the results are about.

    Returns:
        The detections picture by picture, in the order of the file.

    Raises:
        UsageError: the format is not recognised, a record is broken, or a picture or class is
            not in the ground truth.
    """
    with guarded(path, expected=_FORMATS):
        rows = np.array(list(_find_reader(path)(path, ground_truth)), np.float64).reshape(-1, 7)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    pictures = rows[:, 0].astype(np.int64)
    return DetectionTable(
        pictures,
        rows[:, 1].astype(np.int64),
        ground_truth.boxes_cxcywh(pictures, rows[:, 3:]).astype(np.float32),
        rows[:, 2].astype(np.float32),
    )


def _find_reader(path: Path) -> Callable[[Path, GroundTruth], Iterator[Row]]:
    if path.suffix.lower() == ".json" and is_file(path):
        return _read_coco
    folder = path if is_folder(path) else path.parent
    if any(folder.glob(f"{VOC_PREFIX}*.txt")) and (is_folder(path) or VOC_PREFIX in path.name):
        return _read_voc
    if is_folder(path) and (any(path.glob("*.txt")) or is_folder(path / DETECTIONS_FOLDER)):
        return _read_txt
    raise UsageError("not a results file or folder", where=path, expected=_FORMATS)


def results_files(path: Path) -> list[Path]:
    """Return the files that `read_results` reads, in the order of their names.

    Raises:
        UsageError: the format is not recognised.
    """
    reader = _find_reader(path)
    if reader is _read_coco:
        return [path]
    return _voc_files(path) if reader is _read_voc else _txt_files(path)


def _voc_files(path: Path) -> list[Path]:
    folder = path if is_folder(path) else path.parent
    return sorted(folder.glob(f"{VOC_PREFIX}*.txt"))


def _txt_files(path: Path) -> list[Path]:
    folder = path / DETECTIONS_FOLDER if is_folder(path / DETECTIONS_FOLDER) else path
    return sorted(folder.glob("*.txt"))


def _read_coco(path: Path, ground_truth: GroundTruth) -> Iterator[Row]:
    pictures = {number: i for i, number in enumerate(ground_truth.picture_ids)}
    classes = {number: i for i, number in enumerate(ground_truth.category_ids)}
    records = read_json(path, f"a list of {_RECORD}")
    for number, record in enumerate(records if isinstance(records, list) else [records]):
        where = f"{path}: record {number}"
        try:
            image_id, category_id = record["image_id"], record["category_id"]
            left, top, width, height = _finite(record["bbox"])
            (score,) = _finite([record["score"]])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise UsageError(
                "this record is not a result",
                where=where,
                expected=_RECORD,
                got=show(record),
                fix="correct the record, or delete it",
            ) from None
        picture = _look_up(image_id, pictures, "image_id", where)
        class_id = _look_up(category_id, classes, "category_id", where)
        yield picture, class_id, score, left, top, left + width, top + height


def _finite(values: Iterable[Any]) -> list[float]:
    """Convert values to numbers; raise ValueError if one is NaN or infinite."""
    found = [float(value) for value in values]
    if not all(map(math.isfinite, found)):
        raise ValueError("not finite")
    return found


def _read_voc(path: Path, ground_truth: GroundTruth) -> Iterator[Row]:
    pictures = {stem: i for i, stem in enumerate(unique_stems(ground_truth))}
    classes = {voc_file_name(name): i for i, name in enumerate(ground_truth.names)}
    for file in _voc_files(path):
        class_id = _look_up(file.name, classes, "class", str(file))
        for where, (stem, score, *box_xyxy) in _read_lines(file, path_lines):
            yield (_look_up(stem, pictures, "picture", where), class_id, score, *box_xyxy)


def _read_txt(path: Path, ground_truth: GroundTruth) -> Iterator[Row]:
    pictures = {stem: i for i, stem in enumerate(unique_stems(ground_truth))}
    classes = {as_one_word(name): i for i, name in enumerate(ground_truth.names)}
    for file in _txt_files(path):
        picture = _look_up(file.stem, pictures, "picture", str(file))
        for where, (name, score, *box_xyxy) in _read_lines(file, text_lines):
            yield (picture, _look_up(name, classes, "class", where), score, *box_xyxy)


def _read_lines(
    file: Path, decode: Callable[[bytes], list[str]]
) -> Iterator[tuple[str, tuple[str, float, float, float, float, float]]]:
    """Yield file:line and the fields of each line: a name, which may have spaces, and numbers."""
    for number, line in enumerate(read_lines(file, decode, expected=_LINE), 1):
        if line.strip():
            where = f"{file}:{number}"
            name, *numbers = line.strip().rsplit(maxsplit=1 + _COORDINATES)
            try:
                score, left, top, right, bottom = _finite(numbers)
            except ValueError:
                raise UsageError(
                    "this line is not a result", where=where, expected=_LINE, got=line
                ) from None
            yield where, (name, score, left, top, right, bottom)


def _look_up(key: Any, indices: Mapping[Any, int], what: str, where: str) -> int:
    """Return the index of a picture or class; raise UsageError if the data set lacks it."""
    try:
        return indices[key]
    except (KeyError, TypeError):
        examples = ", ".join(map(str, list(indices)[:3]))
        raise UsageError(
            f"this data set has no such {what}",
            where=where,
            expected=f"one of {len(indices)}: {examples} ..." if indices else "none at all",
            got=show(key),
            fix="give the data set of the results with --data and --split",
        ) from None
