"""COCO's average precision, computed by COCO's own program. No torch."""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.datasets.examples import RecordId
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable

# The order of COCOeval.stats.
STATISTICS = (
    "AP",
    "AP50",
    "AP75",
    "AP_small",
    "AP_medium",
    "AP_large",
    "AR_1",
    "AR_10",
    "AR_100",
    "AR_small",
    "AR_medium",
    "AR_large",
)
_COCO_GAPS = frozenset((12, 26, 29, 30, 45, 66, 68, 69, 71, 83))
_COORDINATE_DIGITS = 4  # of a pixel: far below the precision of a detector
_SCORE_DIGITS = 9  # enough to distinguish any two float32


@dataclass(frozen=True)
class CocoAp:
    """COCO's average precisions and recalls.

    Attributes:
        program: the package that computed them.
        statistics: name in `STATISTICS` -> value in 0-1; None where there are no such objects.
        names: [C] names of the classes.
        aps: [C] average precision at IoU .50 to .95; None for a class without objects.
        aps_50: [C] average precision at IoU .50; None for a class without objects.
    """

    program: str
    statistics: dict[str, float | None]
    names: tuple[str, ...]
    aps: tuple[float | None, ...]
    aps_50: tuple[float | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; precisions and recalls are in 0-1."""
        rows = zip(self.names, self.aps, self.aps_50, strict=True)
        return {
            "program": self.program,
            **self.statistics,
            "classes": [
                {"class_id": i, "name": name, "ap": ap, "ap_50": ap_50}
                for i, (name, ap, ap_50) in enumerate(rows)
            ],
        }


def coco_ap(detections: DetectionTable, ground_truth: GroundTruth) -> CocoAp:
    """Compute COCO's average precision with faster-coco-eval if installed, else pycocotools.

    Args:
        detections: the detections.
        ground_truth: the pictures and objects. COCO divides them into small, medium and large
            by the areas of their outlines; where these are unknown, by the areas of the boxes.
    """
    package, evaluator_class = _import_program()
    ground_truth = ground_truth.with_numbered_ids()  # faster-coco-eval knows no other ids
    truth = truth_records(ground_truth)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator = evaluator_class(
            _index(package, truth),
            _index(package, _as_annotations(truth, detections, ground_truth)),
            "bbox",
        )
        evaluator.params.imgIds = sorted(ground_truth.picture_ids)
        present = _classes_with_objects(ground_truth)
        evaluator.params.catIds = [ground_truth.category_ids[i] for i in present]
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    precision = np.asarray(evaluator.eval["precision"])[:, :, :, 0, -1]
    stats = [_none_if_undefined(value) for value in evaluator.stats[: len(STATISTICS)]]
    return CocoAp(
        package.__name__,
        dict(zip(STATISTICS, stats, strict=True)),
        ground_truth.names,
        _mean_per_class(precision, present, len(ground_truth.names)),
        _mean_per_class(precision[:1], present, len(ground_truth.names)),
    )


def result_records(detections: DetectionTable, ground_truth: GroundTruth) -> list[dict[str, Any]]:
    """Return detections as the records of a COCO results file, clipped to the pictures.

    Source: detector.c print_cocos (AlexeyAB).
    """
    return box_records(
        [ground_truth.picture_ids[picture] for picture in detections.pictures.tolist()],
        [ground_truth.category_ids[class_id] for class_id in detections.class_ids.tolist()],
        ground_truth.clipped_boxes_xyxy(detections),
        detections.scores,
    )


def box_records(
    picture_ids: Sequence[RecordId],
    category_ids: Sequence[RecordId],
    boxes_xyxy: np.ndarray,
    scores: np.ndarray,
) -> list[dict[str, Any]]:
    """Return boxes as the records of a COCO results file.

    Args:
        picture_ids: [K] COCO image ids.
        category_ids: [K] COCO category ids.
        boxes_xyxy: [K, 4] left, top, right, bottom in pixels.
        scores: [K] float32, 0-1.
    """
    rows = zip(
        picture_ids,
        category_ids,
        _recorded_xywh(boxes_xyxy).tolist(),
        scores.tolist(),
        strict=True,
    )
    return [
        {
            "image_id": picture_id,
            "category_id": category_id,
            "bbox": box,
            "score": float(f"{score:.{_SCORE_DIGITS}g}"),
        }
        for picture_id, category_id, box, score in rows
    ]


def usual_category_ids(classes: int) -> tuple[int, ...]:
    """Return COCO category ids: those of COCO's own 80 classes, else 1, 2, ...

    Args:
        classes: number of classes.

    Source: detector.c coco_ids.
    """
    own = tuple(number for number in range(1, 91) if number not in _COCO_GAPS)
    return own if classes == len(own) else tuple(range(1, classes + 1))


def truth_records(ground_truth: GroundTruth) -> dict[str, Any]:
    """Return the content of a COCO annotation file; difficult objects become crowds."""
    truths, examples = ground_truth.truths, ground_truth.data_set.examples
    images = zip(ground_truth.picture_ids, examples, ground_truth.sizes.tolist(), strict=True)
    categories = zip(ground_truth.category_ids, ground_truth.names, strict=True)
    return {
        "images": [
            {"id": i, "file_name": example.path.name, "height": height, "width": width}
            for i, example, (height, width) in images
        ],
        "categories": [{"id": i, "name": name} for i, name in categories],
        "annotations": [
            {
                "id": number,
                "image_id": ground_truth.picture_ids[picture],
                "category_id": ground_truth.category_ids[class_id],
                "bbox": box,
                "area": area,
                "iscrowd": int(difficult),
            }
            for number, (picture, class_id, box, area, difficult) in enumerate(
                zip(
                    truths.pictures.tolist(),
                    truths.class_ids.tolist(),
                    truth_boxes_xywh(ground_truth).tolist(),
                    truth_areas(ground_truth).tolist(),
                    truths.difficult.tolist(),
                    strict=True,
                ),
                start=1,
            )
        ],
    }


def result_boxes_xywh(detections: DetectionTable, ground_truth: GroundTruth) -> np.ndarray:
    """Return the boxes of `result_records`, [K, 4] left, top, width, height in pixels."""
    return _recorded_xywh(ground_truth.clipped_boxes_xyxy(detections))


def truth_boxes_xywh(ground_truth: GroundTruth) -> np.ndarray:
    """Return the boxes of `truth_records`, [T, 4] left, top, width, height in pixels."""
    truths = ground_truth.truths
    return _to_xywh(ground_truth.boxes_xyxy(truths.pictures, truths.boxes))


def truth_areas(ground_truth: GroundTruth) -> np.ndarray:
    """Return the areas of `truth_records`, [T] square pixels: of outlines, else of boxes."""
    areas = np.prod(truth_boxes_xywh(ground_truth)[:, 2:], 1)
    outlines = ground_truth.truths.areas
    return areas if outlines is None else np.where(np.isnan(outlines), areas, outlines)


def _recorded_xywh(boxes_xyxy: np.ndarray) -> np.ndarray:
    """Return boxes with the digits that records have."""
    return _to_xywh(boxes_xyxy).round(_COORDINATE_DIGITS)


def _to_xywh(boxes_xyxy: np.ndarray) -> np.ndarray:
    """Convert [K, 4] left, top, right, bottom to COCO's left, top, width, height."""
    return np.concatenate((boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]), 1)


def _import_program() -> tuple[Any, Any]:
    """Return the package of COCO's program, and the class that evaluates."""
    try:
        faster = importlib.import_module("faster_coco_eval")
    except ImportError:
        package = importlib.import_module("pycocotools")
        return package, importlib.import_module("pycocotools.cocoeval").COCOeval
    return faster, faster.COCOeval_faster


def _index(package: Any, content: dict[str, Any]) -> Any:
    """Return `content` as a COCO object of the package, with its index."""
    module = package if hasattr(package, "COCO") else importlib.import_module("pycocotools.coco")
    coco = module.COCO()
    coco.dataset = content
    coco.createIndex()
    return coco


def _as_annotations(
    truth: dict[str, Any], detections: DetectionTable, ground_truth: GroundTruth
) -> dict[str, Any]:
    """Return detections as annotations, as COCO.loadRes makes of a results file."""
    records = result_records(detections, ground_truth)
    return {
        "images": truth["images"],
        "categories": truth["categories"],
        "annotations": [
            {**record, "id": number, "area": record["bbox"][2] * record["bbox"][3], "iscrowd": 0}
            for number, record in enumerate(records, start=1)
        ],
    }


def _classes_with_objects(ground_truth: GroundTruth) -> list[int]:
    """Return the classes that COCO's numbers depend on: each takes 100 kB there.

    Where no class has objects, the first one stands for all, which are undefined.
    """
    return np.unique(ground_truth.truths.class_ids).tolist() or [0]


def _mean_per_class(
    precision: np.ndarray, present: list[int], classes: int
) -> tuple[float | None, ...]:
    """Return the mean over T thresholds and R recalls of [T, R, K], of K of all classes."""
    means: list[float | None] = [None] * classes
    for place, class_id in enumerate(present):
        means[class_id] = _none_if_undefined(precision[:, :, place].mean())
    return tuple(means)


def _none_if_undefined(value: float) -> float | None:
    """Replace -1, which COCO returns where there are no objects, by None."""
    return None if value < 0 else float(value)
