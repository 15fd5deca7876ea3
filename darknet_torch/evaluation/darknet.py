"""Average precision as ``darknet detector map`` prints it. No torch.

Source: detector.c validate_detector_map (AlexeyAB).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.evaluation.curves import Curve
from darknet_torch.evaluation.matching import NONE, Matches, best_truths, first_claims
from darknet_torch.evaluation.records import DetectionTable, Truths

MIN_SCORE = 0.005  # what Darknet's map looks at
NMS_THRESHOLD = 0.45
AREA = 0  # for the number of points: the area below the curve


@dataclass(frozen=True)
class Counts:
    """Right and wrong detections above a confidence.

    Attributes:
        tp: right ones: the first of their object.
        fp: wrong ones.
        truths: objects there are.
        overlap: sum of the right ones' IoU.
    """

    tp: int
    fp: int
    truths: int
    overlap: float

    @property
    def fn(self) -> int:
        """Objects that were missed."""
        return self.truths - self.tp

    @property
    def precision(self) -> float:
        """The part of the detections that is right; NaN without any, as in C."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """The part of the objects that was found; NaN without any."""
        return _ratio(self.tp, self.truths)

    @property
    def f1(self) -> float:
        """The harmonic mean of both; NaN where nothing is right."""
        return _ratio(2 * self.precision * self.recall, self.precision + self.recall)

    @property
    def average_iou(self) -> float:
        """IoU of the right ones over the number of all detections; 0 without any."""
        return self.overlap / max(1, self.tp + self.fp)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is no number is None."""
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
    """What Darknet's map prints.

    Attributes:
        points: recalls at which precision was taken, 0 for the area below the curve.
        iou: overlap above which a detection is right, 0-1.
        confidence: score above which `counts` count, 0-1.
        names: [C] of the classes.
        aps: [C] average precisions, 0-1.
        counts: [C] of each class at `confidence`.
        detections: how many were looked at.
        truths: how many objects there are.
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
        """Mean average precision over all classes, those without objects included."""
        return float(np.mean(self.aps)) if self.aps else 0.0

    @property
    def total(self) -> Counts:
        """The counts of all classes together."""
        sums = np.array([(c.tp, c.fp, c.overlap) for c in self.counts]).reshape(-1, 3).sum(0)
        return Counts(int(sums[0]), int(sums[1]), self.truths, float(sums[2]))

    def lines(self) -> list[str]:
        """Darknet's own lines."""
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
        """Plain values for JSON, parts in 0-1."""
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
    """Detections and the objects they mean at one IoU, for any points and confidences.

    Attributes:
        iou: overlap above which a detection means an object, 0-1.
        found: detections in the order they left the NMS.
        claimed: [K] the truth each claims, or `NONE`.
        overlaps: [K] float32, IoU with it.
        excused: [K] bool, whether it overlaps a difficult object, and no other.
        truths: [C] objects of each class.
    """

    iou: float
    found: DetectionTable
    claimed: np.ndarray
    overlaps: np.ndarray
    excused: np.ndarray
    truths: np.ndarray

    def result(
        self, names: Sequence[str], *, points: int = AREA, confidence: float = 0.25
    ) -> DarknetMap:
        """Average precision as Darknet's map prints it.

        Args:
            names: of all classes.
            points: recalls at which precision is taken, 0 for the area below the curve.
            confidence: score above which precision, recall and average IoU are counted.
        """
        aps = [c.at_points(points) if points else c.area() for c in self.curves()]
        return DarknetMap(
            points,
            self.iou,
            confidence,
            tuple(names),
            tuple(aps),
            self.counts(confidence),
            int((~self.excused).sum()),
            int(self.truths.sum()),
        )

    def counts(self, confidence: float) -> tuple[Counts, ...]:
        """Of each class, above `confidence`.

        Detections count in the order of the NMS, not of their scores, and one whose object
        was claimed by any earlier detection is wrong. Those that only a difficult object
        excuses are wrong here, though the curve leaves them out.
        """
        sure = self.found.scores > np.float32(confidence)
        right = first_claims(self.claimed) & sure
        ids, classes = self.found.class_ids, len(self.truths)
        tp = np.bincount(ids[right], minlength=classes)
        all_of_them = np.bincount(ids[sure], minlength=classes)
        overlap = np.bincount(ids[right], self.overlaps[right], minlength=classes)
        return tuple(
            Counts(int(tp[i]), int(all_of_them[i] - tp[i]), int(self.truths[i]), float(overlap[i]))
            for i in range(classes)
        )

    def curves(self) -> tuple[Curve, ...]:
        """Of each class, over all detections by score."""
        kept = np.flatnonzero(~self.excused)
        kept = kept[np.argsort(-self.found.scores[kept], kind="stable")]
        right, ids = first_claims(self.claimed[kept]), self.found.class_ids[kept]
        return tuple(
            Curve.from_hits(right[ids == i], int(count)) for i, count in enumerate(self.truths)
        )


def match(found: DetectionTable, truths: Truths, classes: int, iou: float) -> DarknetMatching:
    """Match as Darknet's map does, box arithmetic in float32.

    Args:
        found: in the order the detections left the NMS, picture by picture.
        truths: the objects; those marked difficult excuse detections of them.
        classes: how many there are.
        iou: overlap above which a detection means an object, 0-1.
    """
    plain, difficult = truths.select(~truths.difficult), truths.select(truths.difficult)
    limit = np.float32(iou)
    best = _best(found, plain)
    claimed = best.above(best.overlaps > limit)
    spared = _best(found, difficult)
    excused = (claimed == NONE) & (spared.overlaps > limit)
    return DarknetMatching(iou, found, claimed, best.overlaps, excused, plain.count(classes))


def _best(found: DetectionTable, truths: Truths) -> Matches:
    boxes = truths.boxes.astype(np.float32)
    return best_truths(found.boxes.astype(np.float32), boxes, found, truths, paired_iou)


def paired_iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """[P] overlap of [P, 4] with [P, 4], centre x, centre y, width, height, pair by pair.

    Source: box.c box_iou: edges from centres, in the precision of the arrays.
    """
    first = np.maximum(one[:, :2] - one[:, 2:] / 2, other[:, :2] - other[:, 2:] / 2)
    last = np.minimum(one[:, :2] + one[:, 2:] / 2, other[:, :2] + other[:, 2:] / 2)
    sides = np.maximum(last - first, 0)
    inside = sides[:, 0] * sides[:, 1]
    union = one[:, 2] * one[:, 3] + other[:, 2] * other[:, 3] - inside
    empty = (inside == 0) | (union == 0)
    return np.where(empty, 0, inside / np.where(empty, 1, union))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
