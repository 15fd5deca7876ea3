"""COCO's average precision, by its own program. No torch."""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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
_COORDINATE_DIGITS = 4  # of a pixel: far below what a detector can say
_SCORE_DIGITS = 9  # enough to tell any two float32 apart


@dataclass(frozen=True)
class CocoAp:
    """COCO's numbers.

    Attributes:
        program: which package counted.
        statistics: name -> 0-1; None where there are no such objects.
        names: [C] of the classes.
        aps: [C] average precision at IoU .50 to .95; None for a class without objects.
        aps_50: [C] the same at IoU .50.
    """

    program: str
    statistics: dict[str, float | None]
    names: tuple[str, ...]
    aps: tuple[float | None, ...]
    aps_50: tuple[float | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, parts in 0-1."""
        rows = zip(self.names, self.aps, self.aps_50, strict=True)
        return {
            "program": self.program,
            **self.statistics,
            "classes": [
                {"class_id": i, "name": name, "ap": ap, "ap_50": ap_50}
                for i, (name, ap, ap_50) in enumerate(rows)
            ],
        }


def coco_ap(
    found: DetectionTable,
    ground_truth: GroundTruth,
    *,
    annotations: dict[str, Any] | None = None,
) -> CocoAp:
    """COCO's average precision, by faster-coco-eval if that is installed, else pycocotools.

    Args:
        found: what was found.
        ground_truth: what there is.
        annotations: the COCO json that was read, for the areas of outlines, by which COCO
            tells small objects from large ones; without it, boxes count.
    """
    package, program = _program()
    truth = annotations or truth_records(ground_truth)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator = program(
            _indexed(package, truth),
            _indexed(package, _as_set(truth, found, ground_truth)),
            "bbox",
        )
        evaluator.params.imgIds = sorted(ground_truth.picture_ids)
        evaluator.params.catIds = list(ground_truth.category_ids)
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    precision = np.asarray(evaluator.eval["precision"])[:, :, :, 0, -1]
    stats = [_known(value) for value in evaluator.stats[: len(STATISTICS)]]
    return CocoAp(
        package.__name__,
        dict(zip(STATISTICS, stats, strict=True)),
        ground_truth.names,
        _per_class(precision),
        _per_class(precision[:1]),
    )


def result_records(found: DetectionTable, ground_truth: GroundTruth) -> list[dict[str, Any]]:
    """What was found in the form of COCO's results files.

    Boxes are cut at the picture's borders. Source: detector.c print_cocos (AlexeyAB).
    """
    return box_records(
        [ground_truth.picture_ids[picture] for picture in found.pictures.tolist()],
        [ground_truth.category_ids[class_id] for class_id in found.class_ids.tolist()],
        ground_truth.clipped_boxes_xyxy(found),
        found.scores,
    )


def box_records(
    picture_ids: Sequence[int],
    category_ids: Sequence[int],
    corners: np.ndarray,
    scores: np.ndarray,
) -> list[dict[str, Any]]:
    """Boxes in the form of COCO's results files.

    Args:
        picture_ids: [K] COCO's.
        category_ids: [K] COCO's.
        corners: [K, 4] left, top, right, bottom in pixels.
        scores: [K] float32, 0-1.
    """
    boxes = np.concatenate((corners[:, :2], corners[:, 2:] - corners[:, :2]), 1)
    rows = zip(
        picture_ids,
        category_ids,
        boxes.round(_COORDINATE_DIGITS).tolist(),
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
    """COCO's ids of that many classes: those of its own 80, else from 1, in order.

    Source: detector.c coco_ids.
    """
    own = tuple(number for number in range(1, 91) if number not in _COCO_GAPS)
    return own if classes == len(own) else tuple(range(1, classes + 1))


def truth_records(ground_truth: GroundTruth) -> dict[str, Any]:
    """What there is in the form of COCO's annotation files; difficult objects are crowds."""
    truths, examples = ground_truth.truths, ground_truth.data_set.examples
    corners = ground_truth.boxes_xyxy(truths.pictures, truths.boxes)
    boxes = np.concatenate((corners[:, :2], corners[:, 2:] - corners[:, :2]), 1)
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
                "area": box[2] * box[3],
                "iscrowd": int(difficult),
            }
            for number, (picture, class_id, box, difficult) in enumerate(
                zip(
                    truths.pictures.tolist(),
                    truths.class_ids.tolist(),
                    boxes.tolist(),
                    truths.difficult.tolist(),
                    strict=True,
                ),
                start=1,
            )
        ],
    }


def _program() -> tuple[Any, Any]:
    """The package of COCO's program, and the class that evaluates."""
    try:
        faster = importlib.import_module("faster_coco_eval")
    except ImportError:
        package = importlib.import_module("pycocotools")
        return package, importlib.import_module("pycocotools.cocoeval").COCOeval
    return faster, faster.COCOeval_faster


def _indexed(package: Any, content: dict[str, Any]) -> Any:
    """`content` as the package's own COCO object."""
    module = package if hasattr(package, "COCO") else importlib.import_module("pycocotools.coco")
    coco = module.COCO()
    coco.dataset = content
    coco.createIndex()
    return coco


def _as_set(
    truth: dict[str, Any], found: DetectionTable, ground_truth: GroundTruth
) -> dict[str, Any]:
    """What was found as annotations, as COCO.loadRes makes of a results file."""
    records = result_records(found, ground_truth)
    return {
        "images": truth["images"],
        "categories": truth["categories"],
        "annotations": [
            {**record, "id": number, "area": record["bbox"][2] * record["bbox"][3], "iscrowd": 0}
            for number, record in enumerate(records, start=1)
        ],
    }


def _per_class(precision: np.ndarray) -> tuple[float | None, ...]:
    """[T, R, C] to the mean of each class."""
    return tuple(_known(precision[:, :, i].mean()) for i in range(precision.shape[2]))


def _known(value: float) -> float | None:
    """COCO says -1 where there is nothing to find."""
    return None if value < 0 else float(value)
