"""Results files for other programs. No torch."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from darknet_torch.errors import UsageError
from darknet_torch.evaluation.coco import result_records, truth_records
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.files import make_folder, write_text

COCO_RESULTS, COCO_TRUTH = "coco_results.json", "coco_annotations.json"
VOC_PREFIX = "comp4_det_test_"
FOUND_FOLDER, TRUTH_FOLDER = "detections", "groundtruths"


def write_coco(found: DetectionTable, ground_truth: GroundTruth, folder: Path) -> None:
    """COCO's results file, and the annotations that its ids refer to.

    Raises:
        UsageError: they cannot be written.
    """
    write_json(folder / COCO_RESULTS, result_records(found, ground_truth))
    write_json(folder / COCO_TRUTH, truth_records(ground_truth))


def write_voc(
    found: DetectionTable, ground_truth: GroundTruth, folder: Path, *, prefix: str = VOC_PREFIX
) -> None:
    """Pascal VOC's results: a file for each class, a line for each detection.

    A line is the picture's name, the score and the corners, in the pixels of the labels.

    Source: detector.c print_detector_detections (AlexeyAB), which shifts boxes by a pixel
    to undo what voc_label.py does to annotations.

    Raises:
        UsageError: two pictures have the same name, or they cannot be written.
    """
    stems = unique_stems(ground_truth)
    corners = ground_truth.clipped_boxes_xyxy(found)
    for class_id, name in enumerate(ground_truth.names):
        rows = np.flatnonzero(found.class_ids == class_id)
        lines = [
            f"{stems[found.pictures[row]]} {found.scores[row]:f} {_numbers(corners[row])}"
            for row in rows
        ]
        _write_lines(folder / voc_file_name(name, prefix), lines)


def write_txt(found: DetectionTable, ground_truth: GroundTruth, folder: Path) -> None:
    """A file for each picture, as external toolkits read them: what was found, what there is.

    A line is the class, the score (of what was found) and left, top, right and bottom in
    pixels. White space in class names becomes ``_``, since it parts the fields.

    Raises:
        UsageError: two pictures have the same name, or they cannot be written.
    """
    truths = ground_truth.truths
    scored = [f" {score:f}" for score in found.scores.tolist()]
    sides = (
        (FOUND_FOLDER, found, ground_truth.clipped_boxes_xyxy(found), scored),
        (
            TRUTH_FOLDER,
            truths,
            ground_truth.boxes_xyxy(truths.pictures, truths.boxes),
            [""] * len(truths),
        ),
    )
    names = [word_of(name) for name in ground_truth.names]
    for part, boxes, corners, scores in sides:
        lines: dict[int, list[str]] = defaultdict(list)
        for row, picture in enumerate(boxes.pictures.tolist()):
            name = names[boxes.class_ids[row]]
            lines[picture].append(f"{name}{scores[row]} {_numbers(corners[row])}")
        for picture, stem in enumerate(unique_stems(ground_truth)):
            _write_lines(folder / part / f"{stem}.txt", lines[picture])


Writer = Callable[[DetectionTable, GroundTruth, Path], None]
WRITERS: dict[str, Writer] = {"coco": write_coco, "voc": write_voc, "txt": write_txt}


def unique_stems(ground_truth: GroundTruth) -> Sequence[str]:
    """The pictures' names, by which files can tell them apart.

    Raises:
        UsageError: they cannot.
    """
    stems = ground_truth.stems
    seen: dict[str, int] = {}
    for place, stem in enumerate(stems):
        if stem in seen:
            examples = ground_truth.data_set.examples
            raise UsageError(
                "two pictures have the same name, by which this form tells them apart",
                where=examples[place].path,
                got=examples[seen[stem]].path,
                fix="use the form coco",
            )
        seen[stem] = place
    return stems


def voc_file_name(class_name: str, prefix: str = VOC_PREFIX) -> str:
    """The results file of a class."""
    return f"{prefix}{class_name.replace('/', '_')}.txt"


def word_of(class_name: str) -> str:
    """A class's name as one word."""
    return "_".join(class_name.split())


def _numbers(corners: np.ndarray) -> str:
    return " ".join(f"{value:f}" for value in corners)


def write_json(path: Path, content: object) -> None:
    """Write `content` as JSON, the file whole or not at all, with its folder.

    Raises:
        UsageError: it cannot be written.
    """
    _write(path, json.dumps(content))


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    _write(path, "".join(f"{line}\n" for line in lines))


def _write(path: Path, text: str) -> None:
    make_folder(path.parent)
    write_text(path, text)
