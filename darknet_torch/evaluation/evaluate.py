"""Every convention of average precision, from what one pass has found. No torch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from darknet_torch.evaluation.coco import CocoAp, coco_ap
from darknet_torch.evaluation.darknet import AREA, DarknetMap, match
from darknet_torch.evaluation.detection_pass import DetectionPass
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.evaluation.voc import VocAp, voc_ap

Annotations = dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """The numbers of one set of detections.

    Attributes:
        darknet: Darknet's map, for each IoU.
        voc: Pascal VOC's average precisions, for each IoU.
        coco: COCO's.
        detections: how many went into them.
        pictures: how many were searched.
    """

    darknet: tuple[DarknetMap, ...]
    voc: tuple[VocAp, ...]
    coco: CocoAp
    detections: int
    pictures: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, parts in 0-1."""
        return {
            "pictures": self.pictures,
            "detections": self.detections,
            "darknet": [one.to_dict() for one in self.darknet],
            "voc": [one.to_dict() for one in self.voc],
            "coco": self.coco.to_dict(),
        }


def evaluate(
    found: DetectionTable,
    ground_truth: GroundTruth,
    *,
    ious: Sequence[float] = (0.5,),
    points: int = AREA,
    confidence: float = 0.25,
    annotations: Annotations | None = None,
) -> Evaluation:
    """Count by every convention.

    Args:
        found: what was found.
        ground_truth: what there is.
        ious: overlaps that make a detection right, 0-1; COCO has its own.
        points: recalls at which Darknet's map takes the precision, 0 for the area.
        confidence: score above which precision and recall are counted.
        annotations: the COCO json that was read, if it was one.
    """
    names, truths = ground_truth.names, ground_truth.truths
    matchings = [match(found, truths, len(names), iou) for iou in ious]
    return Evaluation(
        tuple(one.result(names, points=points, confidence=confidence) for one in matchings),
        tuple(voc_ap(found, ground_truth, iou=iou) for iou in ious),
        coco_ap(found, ground_truth, annotations=annotations),
        len(found),
        len(ground_truth.data_set.examples),
    )


@dataclass(frozen=True)
class SweepStep:
    """One confidence threshold of a sweep.

    Attributes:
        threshold: score above which detections were kept.
        detections: how many.
        seconds_selecting: that threshold and NMS took for all pictures.
        seconds_counting: that the averages took.
        darknet, voc_07, voc_10: mean average precision at the first IoU, 0-1; None where
            there is nothing to find.
        coco: COCO's AP.
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
    passed: DetectionPass,
    ground_truth: GroundTruth,
    *,
    iou: float = 0.5,
    points: int = AREA,
    annotations: Annotations | None = None,
) -> tuple[SweepStep, ...]:
    """The averages at every threshold of a pass.

    Args:
        passed: a pass at several thresholds.
        ground_truth: the pictures that were searched.
        iou, points, annotations: see `evaluate`.
    """
    steps = []
    for threshold, found, selecting in zip(
        passed.thresholds, passed.detections_by_threshold, passed.nms_seconds, strict=True
    ):
        start = time.perf_counter()
        result = evaluate(found, ground_truth, ious=[iou], points=points, annotations=annotations)
        steps.append(
            SweepStep(
                threshold,
                len(found),
                selecting,
                time.perf_counter() - start,
                result.darknet[0].mean,
                result.voc[0].mean_by_points,
                result.voc[0].mean_by_area,
                result.coco.statistics["AP"],
            )
        )
    return tuple(steps)
