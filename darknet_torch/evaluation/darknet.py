"""Average precision as ``darknet detector map`` prints it. No torch.

Source: detector.c validate_detector_map (AlexeyAB).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.evaluation.curves import Curve
from darknet_torch.evaluation.matching import NONE, Matches, best_truths, first_matches
from darknet_torch.evaluation.records import DetectionTable, TruthTable

MIN_SCORE = 0.005  # Darknet's map uses detections above this score
NMS_THRESHOLD = 0.45
AREA = 0  # as the number of points: the area under the curve


@dataclass(frozen=True)
class Counts:
    """True and false positives above a confidence.

    Attributes:
        tp: true positives: detections that are the first of their object.
        fp: false positives: all other detections.
        truths: number of objects.
        overlap: sum of the IoU of the true positives.
    """

    tp: int
    fp: int
    truths: int
    overlap: float

    @property
    def fn(self) -> int:
        """False negatives: objects that were missed."""
        return self.truths - self.tp

    @property
    def precision(self) -> float:
        """The fraction of the detections that are right; NaN without detections, as in C."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """The fraction of the objects that were found; NaN without objects."""
        return _ratio(self.tp, self.truths)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; NaN without true positives."""
        return _ratio(2 * self.precision * self.recall, self.precision + self.recall)

    @property
    def average_iou(self) -> float:
        """The IoU of true positives, summed, over the number of detections; 0 without any."""
        return self.overlap / max(1, self.tp + self.fp)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; NaN becomes None."""
        values = {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "average_iou": self.average_iou,
        }
        finite = {key: value if np.isfinite(value) else None for key, value in values.items()}
        return {"tp": self.tp, "fp": self.fp, "fn": self.fn, **finite}


@dataclass(frozen=True)
class DarknetMap:
    """The result of Darknet's map.

    Attributes:
        points: number of recalls at which precision was taken; 0 for the area under the curve.
        iou: a detection is right if its IoU with an object is above this, 0-1.
        confidence: `counts` includes detections with scores above this, 0-1.
        names: [C] names of the classes.
        aps: [C] average precisions, 0-1.
        counts: [C] the counts of each class at `confidence`.
        detections: number of detections on the curves.
        truths: number of objects.
    """

    points: int
    iou: float
    confidence: float
    names: tuple[str, ...]
    aps: tuple[float, ...]
    counts: tuple[Counts, ...]
    detections: int
    truths: int

    @property
    def mean(self) -> float:
        """The mean average precision (mAP) over all classes, those without objects included."""
        return float(np.mean(self.aps)) if self.aps else 0.0

    @property
    def total(self) -> Counts:
        """The counts of all classes together."""
        sums = np.array([(c.tp, c.fp, c.overlap) for c in self.counts]).reshape(-1, 3).sum(0)
        return Counts(int(sums[0]), int(sums[1]), self.truths, float(sums[2]))

    def lines(self) -> list[str]:
        """Return the lines that Darknet prints."""
        total, mean = self.total, self.mean
        how = f"used {self.points} Recall-points " if self.points else _AREA_LINE
        return [
            f" detections_count = {self.detections}, unique_truth_count = {self.truths}  ",
            *(
                f"class_id = {i}, name = {name}, ap = {ap * 100:2.2f}%"
                f"   \t (TP = {c.tp}, FP = {c.fp}) "
                for i, (name, ap, c) in enumerate(
                    zip(self.names, self.aps, self.counts, strict=True)
                )
            ),
            "",
            f" for conf_thresh = {self.confidence:1.2f}, precision = {total.precision:1.2f}, "
            f"recall = {total.recall:1.2f}, F1-score = {total.f1:1.2f} ",
            f" for conf_thresh = {self.confidence:0.2f}, TP = {total.tp}, FP = {total.fp}, "
            f"FN = {total.fn}, average IoU = {total.average_iou * 100:2.2f} % ",
            "",
            f" IoU threshold = {self.iou * 100:2.0f} %, {how}",
            f" mean average precision (mAP@{self.iou:0.2f}) = {mean:f}, or {mean * 100:2.2f} % ",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; precisions and recalls are in 0-1."""
        rows = zip(self.names, self.aps, self.counts, strict=True)
        return {
            "points": self.points,
            "iou": self.iou,
            "confidence": self.confidence,
            "map": self.mean,
            "detections": self.detections,
            "truths": self.truths,
            "classes": [
                {"class_id": i, "name": name, "ap": ap, **counts.to_dict()}
                for i, (name, ap, counts) in enumerate(rows)
            ],
            "total": self.total.to_dict(),
        }


_AREA_LINE = "used Area-Under-Curve for each unique Recall "


@dataclass(frozen=True)
class DarknetMatching:
    """K detections matched with objects at one IoU, for any points and confidences.

    Attributes:
        iou: a detection is matched with an object if their IoU is above this, 0-1.
        detections: the detections in the order in which NMS left them.
        matched: [K] index of the object each detection is matched with, or `NONE`.
        overlaps: [K] float32, IoU with that object.
        ignored: [K] bool, whether the detection overlaps a difficult object and no other.
        truths: [C] number of objects of each class.
    """

    iou: float
    detections: DetectionTable
    matched: np.ndarray
    overlaps: np.ndarray
    ignored: np.ndarray
    truths: np.ndarray

    def result(
        self, names: Sequence[str], *, points: int = AREA, confidence: float = 0.25
    ) -> DarknetMap:
        """Compute average precision as Darknet's map does.

        Args:
            names: names of all classes.
            points: number of recalls at which precision is taken; 0 for the area under the
                curve.
            confidence: detections with scores above this count for precision, recall and
                average IoU, 0-1.
        """
        aps = [c.at_points(points) if points else c.area() for c in self.curves()]
        return DarknetMap(
            points,
            self.iou,
            confidence,
            tuple(names),
            tuple(aps),
            self.counts(confidence),
            int((~self.ignored).sum()),
            int(self.truths.sum()),
        )

    def counts(self, confidence: float) -> tuple[Counts, ...]:
        """Count true and false positives of each class with scores above `confidence`.

        Detections count in the order of the NMS, not of their scores, and a detection whose
        object was matched with any earlier detection is wrong. A detection that overlaps only a
        difficult object is wrong here, although the curve leaves it out.
        """
        confident = self.detections.scores > np.float32(confidence)
        right = first_matches(self.matched) & confident
        ids, classes = self.detections.class_ids, len(self.truths)
        tp = np.bincount(ids[right], minlength=classes)
        total = np.bincount(ids[confident], minlength=classes)
        overlap = np.bincount(ids[right], self.overlaps[right], minlength=classes)
        return tuple(
            Counts(int(tp[i]), int(total[i] - tp[i]), int(self.truths[i]), float(overlap[i]))
            for i in range(classes)
        )

    def curves(self) -> tuple[Curve, ...]:
        """Compute the curve of each class over all its detections, sorted by score."""
        kept = np.flatnonzero(~self.ignored)
        kept = kept[np.argsort(-self.detections.scores[kept], kind="stable")]
        right, ids = first_matches(self.matched[kept]), self.detections.class_ids[kept]
        return tuple(
            Curve.from_hits(right[ids == i], int(count)) for i, count in enumerate(self.truths)
        )


def match(
    detections: DetectionTable, truths: TruthTable, classes: int, iou: float
) -> DarknetMatching:
    """Match detections with objects as Darknet's map does, with box arithmetic in float32.

    Args:
        detections: picture by picture, in the order in which NMS left them.
        truths: the objects; detections that only overlap difficult ones are ignored.
        classes: number of classes.
        iou: a detection is matched with an object if their IoU is above this, 0-1.
    """
    plain, difficult = truths.select(~truths.difficult), truths.select(truths.difficult)
    limit = np.float32(iou)
    best = _best_truths_by_iou(detections, plain)
    matched = best.where(best.overlaps > limit)
    best_difficult = _best_truths_by_iou(detections, difficult)
    ignored = (matched == NONE) & (best_difficult.overlaps > limit)
    truth_counts = plain.count(classes)
    return DarknetMatching(iou, detections, matched, best.overlaps, ignored, truth_counts)


def _best_truths_by_iou(detections: DetectionTable, truths: TruthTable) -> Matches:
    boxes, truth_boxes = detections.boxes.astype(np.float32), truths.boxes.astype(np.float32)
    return best_truths(boxes, truth_boxes, detections, truths, paired_iou)


def paired_iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute the IoU of P pairs of boxes.

    Args:
        one, other: [P, 4] centre x, centre y, width, height.

    Returns:
        [P] IoU, 0-1.

    Source: box.c box_iou: edges from centres, in the precision of the arrays.
    """
    top_left = np.maximum(one[:, :2] - one[:, 2:] / 2, other[:, :2] - other[:, 2:] / 2)
    bottom_right = np.minimum(one[:, :2] + one[:, 2:] / 2, other[:, :2] + other[:, 2:] / 2)
    sides = np.maximum(bottom_right - top_left, 0)
    # Boxes of an untrained network may be too large for a product of their sides, as in C.
    with np.errstate(over="ignore", invalid="ignore"):
        intersection = sides[:, 0] * sides[:, 1]
        union = one[:, 2] * one[:, 3] + other[:, 2] * other[:, 3] - intersection
        empty = (intersection == 0) | (union == 0)
        return np.where(empty, 0, intersection / np.where(empty, 1, union))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
