"""How many objects of COCO's sizes are found. No torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from darknet_torch.evaluation.coco import CocoAp, truth_areas
from darknet_torch.evaluation.error_kinds import Outcomes
from darknet_torch.evaluation.ground_truth import GroundTruth

# Name -> from which area to which, both included, in square pixels.
# Source: cocoeval.py Params.setDetParams.
_AREAS = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e5**2)}


@dataclass(frozen=True)
class SizeCounts:
    """Objects of one of COCO's sizes, at `Analysis.confidence`.

    An object exactly between two sizes, such as one of 32 x 32 pixels, is of both, as in COCO.

    Attributes:
        name: "small", "medium" or "large".
        truths: number of objects, without difficult ones.
        found: those with a correct detection.
        ap: COCO's AP at .50 to .95 for this size; None without objects.
    """

    name: str
    truths: int
    found: int
    ap: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def count_sizes(
    outcomes: Outcomes, ground_truth: GroundTruth, coco: CocoAp, *, confidence: float
) -> tuple[SizeCounts, ...]:
    """Count the objects of each size.

    Args:
        outcomes: of each detection.
        ground_truth: the objects.
        coco: has the AP of each size.
        confidence: detections with scores above this count, 0-1.
    """
    areas, found = truth_areas(ground_truth), outcomes.found(confidence)
    sizes = []
    for name, (least, most) in _AREAS.items():
        inside = (areas >= least) & (areas <= most) & ~outcomes.truths.difficult
        ap = coco.statistics[f"AP_{name}"]
        sizes.append(SizeCounts(name, int(inside.sum()), int((inside & found).sum()), ap))
    return tuple(sizes)
