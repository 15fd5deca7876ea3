"""Darknet's mAP of a detector, as one number to compare. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from darknet_torch.datasets.examples import DataSet
from darknet_torch.errors import UsageError
from darknet_torch.evaluation.darknet import MIN_SCORE, DarknetMap, match
from darknet_torch.evaluation.detection_pass import BatchDetector, detect_all
from darknet_torch.evaluation.ground_truth import GroundTruth

_BATCH = 8  # pictures per forward pass


def detector_map(
    detector: BatchDetector,
    data_set: DataSet,
    names: Sequence[str],
    *,
    iou: float = 0.5,
    workers: int,
    advance: Callable[[int], None] = lambda count: None,
) -> DarknetMap:
    """Compute Darknet's mAP of a detector.

    Args:
        detector: as `detect_all` takes it; its NMS threshold counts, its score threshold does not.
        data_set: pictures with their boxes; those that cannot be read are left out.
        names: of the detector's classes.
        iou: overlap from which a detection counts, 0-1.
        workers: threads that read pictures.
        advance: called with the number of pictures done since the last call.

    Raises:
        UsageError: not one picture can be read.

    Source: detector.c validate_detector_map (AlexeyAB).
    """
    passed = detect_all(
        detector,
        [example.path for example in data_set.examples],
        thresholds=[MIN_SCORE],
        batch=_BATCH,
        workers=workers,
        exif=data_set.exif,
        advance=advance,
    )
    if not passed.readable:
        raise UsageError("no picture can be read", where=data_set.origin)
    seen = tuple(data_set.examples[place] for place in passed.readable)
    truth = GroundTruth.from_data_set(replace(data_set, examples=seen, names=tuple(names)))
    return match(passed.detections, truth.truths, len(names), iou).result(names)
