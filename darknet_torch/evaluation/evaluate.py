"""Average precision by every convention, for the detections of one pass. No torch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darknet_torch.errors import UsageError
from darknet_torch.evaluation.coco import CocoAp, coco_ap
from darknet_torch.evaluation.darknet import AREA, DarknetMap, match
from darknet_torch.evaluation.detection_pass import DetectionPass
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.evaluation.voc import VocAp, voc_ap

_MOST_CLASSES = 10_000


@dataclass(frozen=True)
class Evaluation:
    """The average precisions of one set of detections.

    Attributes:
        darknet: the results of Darknet's map, one per IoU.
        voc: Pascal VOC's average precisions, one per IoU.
        coco: COCO's average precisions.
        detections: number of detections.
        pictures: number of pictures.
    """

    darknet: tuple[DarknetMap, ...]
    voc: tuple[VocAp, ...]
    coco: CocoAp
    detections: int
    pictures: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; precisions and recalls are in 0-1."""
        return {
            "pictures": self.pictures,
            "detections": self.detections,
            "darknet": [one.to_dict() for one in self.darknet],
            "voc": [one.to_dict() for one in self.voc],
            "coco": self.coco.to_dict(),
        }


def evaluate(
    detections: DetectionTable,
    ground_truth: GroundTruth,
    *,
    ious: Sequence[float] = (0.5,),
    points: int = AREA,
    confidence: float = 0.25,
) -> Evaluation:
    """Compute average precision by every convention.

    Args:
        detections: the detections.
        ground_truth: the pictures and objects.
        ious: overlaps from which a detection is right, 0-1; COCO has its own.
        points: number of recalls at which Darknet's map takes precision; 0 for the area.
        confidence: detections with scores above this count for precision and recall, 0-1.

    Raises:
        UsageError: there are more than 10,000 classes.
    """
    _check_classes(ground_truth)
    names, truths = ground_truth.names, ground_truth.truths
    matchings = [match(detections, truths, len(names), iou) for iou in ious]
    return Evaluation(
        tuple(one.result(names, points=points, confidence=confidence) for one in matchings),
        tuple(voc_ap(detections, ground_truth, iou=iou) for iou in ious),
        coco_ap(detections, ground_truth),
        len(detections),
        len(ground_truth.data_set.examples),
    )


def _check_classes(ground_truth: GroundTruth) -> None:
    """Refuse classes whose table of confusion, the square of their number, would fill the memory.

    YOLO9000, which has the most of all published detectors, has 9418.
    """
    classes = len(ground_truth.names)
    if classes > _MOST_CLASSES:
        raise UsageError(
            "too many classes for an evaluation",
            where=ground_truth.data_set.origin,
            expected=f"at most {_MOST_CLASSES:,}",
            got=f"{classes:,}",
        )


@dataclass(frozen=True)
class SweepStep:
    """The result at one score threshold of a sweep.

    Attributes:
        threshold: the score above which detections were kept.
        detections: their number.
        seconds_selecting: the time that thresholding and NMS took for all pictures.
        seconds_counting: the time that computing the averages took.
        darknet, voc_07, voc_10: mean average precision at the first IoU, 0-1; None where
            there are no objects.
        coco: COCO's AP; None where there are no objects.
    """

    threshold: float
    detections: int
    seconds_selecting: float
    seconds_counting: float
    darknet: float
    voc_07: float | None
    voc_10: float | None
    coco: float | None


def sweep(
    detection_pass: DetectionPass,
    ground_truth: GroundTruth,
    *,
    iou: float = 0.5,
    points: int = AREA,
) -> tuple[SweepStep, ...]:
    """Compute the average precisions at every threshold of a pass.

    Args:
        detection_pass: a pass at several thresholds.
        ground_truth: the pictures of the pass, those that could be read, and their objects.
        iou, points: see `evaluate`.
    """
    steps = []
    for threshold, detections, nms_seconds in zip(
        detection_pass.thresholds,
        detection_pass.detections_by_threshold,
        detection_pass.nms_seconds,
        strict=True,
    ):
        start = time.perf_counter()
        result = evaluate(detections, ground_truth, ious=[iou], points=points)
        steps.append(
            SweepStep(
                threshold,
                len(detections),
                nms_seconds,
                time.perf_counter() - start,
                result.darknet[0].mean,
                result.voc[0].mean_by_points,
                result.voc[0].mean_by_area,
                result.coco.statistics["AP"],
            )
        )
    return tuple(steps)
