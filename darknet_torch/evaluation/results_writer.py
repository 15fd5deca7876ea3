"""Writing result files for other programs. No torch."""

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
DETECTIONS_FOLDER, TRUTH_FOLDER = "detections", "groundtruths"


def write_coco(detections: DetectionTable, ground_truth: GroundTruth, folder: Path) -> None:
    """Write a COCO results file, and the annotation file that its ids refer to.

    Raises:
        UsageError: the files cannot be written.
    """
    write_json(folder / COCO_RESULTS, result_records(detections, ground_truth))
    write_json(folder / COCO_TRUTH, truth_records(ground_truth))


def write_voc(
    detections: DetectionTable,
    ground_truth: GroundTruth,
    folder: Path,
    *,
    prefix: str = VOC_PREFIX,
) -> None:
    """Write Pascal VOC's results: a file for each class, a line for each detection.

    A line has the picture's name, the score and left, top, right and bottom, in pixels as in
    the labels.

    Source: detector.c print_detector_detections (AlexeyAB). Differs: C shifts boxes by a pixel,
    to undo what voc_label.py does to annotations.

    Raises:
        UsageError: two pictures have the same name, or the files cannot be written.
    """
    stems = unique_stems(ground_truth)
    boxes_xyxy = ground_truth.clipped_boxes_xyxy(detections)
    for class_id, name in enumerate(ground_truth.names):
        rows = np.flatnonzero(detections.class_ids == class_id)
        lines = [
            f"{stems[detections.pictures[row]]} {detections.scores[row]:f}"
            f" {_format_box(boxes_xyxy[row])}"
            for row in rows
        ]
        _write_lines(folder / voc_file_name(name, prefix), lines)


def write_txt(detections: DetectionTable, ground_truth: GroundTruth, folder: Path) -> None:
    """Write two text files per picture, of detections and of truths, for external toolkits.

    A line has the class, the score (for detections only) and left, top, right and bottom in
    pixels. White space in class names becomes ``_``, because it separates the fields.

    Raises:
        UsageError: two pictures have the same name, or the files cannot be written.
    """
    truths = ground_truth.truths
    scores = [f" {score:f}" for score in detections.scores.tolist()]
    parts = (
        (
            DETECTIONS_FOLDER,
            detections,
            ground_truth.clipped_boxes_xyxy(detections),
            scores,
        ),
        (
            TRUTH_FOLDER,
            truths,
            ground_truth.boxes_xyxy(truths.pictures, truths.boxes),
            [""] * len(truths),
        ),
    )
    names = [as_one_word(name) for name in ground_truth.names]
    for folder_name, boxes, boxes_xyxy, score_texts in parts:
        lines: dict[int, list[str]] = defaultdict(list)
        for row, picture in enumerate(boxes.pictures.tolist()):
            name = names[boxes.class_ids[row]]
            lines[picture].append(f"{name}{score_texts[row]} {_format_box(boxes_xyxy[row])}")
        for picture, stem in enumerate(unique_stems(ground_truth)):
            _write_lines(folder / folder_name / f"{stem}.txt", lines[picture])


Writer = Callable[[DetectionTable, GroundTruth, Path], None]
WRITERS: dict[str, Writer] = {"coco": write_coco, "voc": write_voc, "txt": write_txt}


def unique_stems(ground_truth: GroundTruth) -> Sequence[str]:
    """Return the pictures' file names without suffix, which must all differ.

    Raises:
        UsageError: two pictures have the same name.
    """
    stems = ground_truth.stems
    seen: dict[str, int] = {}
    for index, stem in enumerate(stems):
        if stem in seen:
            examples = ground_truth.data_set.examples
            raise UsageError(
                "two pictures have the same name, and this format identifies them by name",
                where=examples[index].path,
                got=examples[seen[stem]].path,
                fix="use the format coco",
            )
        seen[stem] = index
    return stems


def voc_file_name(class_name: str, prefix: str = VOC_PREFIX) -> str:
    """Return the name of a class's results file."""
    return f"{prefix}{class_name.replace('/', '_')}.txt"


def as_one_word(class_name: str) -> str:
    """Return a class's name with its white space replaced by ``_``."""
    return "_".join(class_name.split())


def _format_box(box_xyxy: np.ndarray) -> str:
    return " ".join(f"{value:f}" for value in box_xyxy)


def write_json(path: Path, content: object) -> None:
    """Write `content` as JSON, completely or not at all; missing folders are created.

    Raises:
        UsageError: the file cannot be written.
    """
    _write(path, json.dumps(content))


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    _write(path, "".join(f"{line}\n" for line in lines))


def _write(path: Path, text: str) -> None:
    make_folder(path.parent)
    write_text(path, text)
