"""One pass of a detector over a data set, timed. No torch of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from darknet_torch.errors import ImageError
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.media.frame_batches import picture_batches
from darknet_torch.results.boxes import order_after_nms
from darknet_torch.results.filtered_boxes import FilteredBoxes


class DetectorLike(Protocol):
    """What a pass needs of `darknet_torch.inference.detector.Detector`."""

    threshold: float
    nms_threshold: float

    def predict(self, images: Sequence[np.ndarray]) -> Any: ...

    def filter_boxes(
        self, predicted: Any, index: int, threshold: float | None = None
    ) -> FilteredBoxes: ...


@dataclass
class DetectionPass:
    """The outcome of a pass.

    Attributes:
        thresholds: score above which detections were kept, one or more.
        detections_by_threshold: the detections above each threshold, picture by picture, in
            the order in which Darknet's NMS leaves them. Their picture numbers are positions
            in `readable`.
        nms_seconds: seconds that threshold and NMS took for each of them.
        predict_seconds: seconds that resizing and the network took.
        errors: what is wrong with the pictures that could not be read.
        readable: [P] the pictures that could be read.
    """

    thresholds: tuple[float, ...]
    detections_by_threshold: list[DetectionTable]
    nms_seconds: list[float]
    predict_seconds: float = 0.0
    errors: list[ImageError] = field(default_factory=list)
    readable: list[int] = field(default_factory=list)

    @property
    def detections(self) -> DetectionTable:
        """What was found above the first threshold."""
        return self.detections_by_threshold[0]


def detect_all(
    detector: DetectorLike,
    pictures: Sequence[str | os.PathLike[str]],
    *,
    thresholds: Sequence[float] = (),
    batch: int = 1,
    workers: int = 2,
    exif: bool = True,
    advance: Callable[[int], None] = lambda count: None,
) -> DetectionPass:
    """Search all pictures once.

    Args:
        detector: a `darknet_torch.inference.detector.Detector`.
        pictures: their paths; those that cannot be read are left out and named.
        thresholds: scores above which to keep detections; the detector's if empty. The
            network runs once for all of them.
        batch: pictures at once.
        workers: threads that read pictures.
        exif: turn them as their EXIF orientation says.
        advance: called with the number of pictures done since the last call.
    """
    chosen = tuple(thresholds) or (detector.threshold,)
    parts: list[list[DetectionTable]] = [[] for _ in chosen]
    passed = DetectionPass(chosen, [], [0.0] * len(chosen))
    for opened in picture_batches(pictures, size=batch, workers=workers, exif=exif):
        passed.errors += opened.errors
        if opened.images:
            start = time.perf_counter()
            predicted = detector.predict(opened.images)
            passed.predict_seconds += time.perf_counter() - start
            for number, threshold in enumerate(chosen):
                start = time.perf_counter()
                selections = [
                    detector.filter_boxes(predicted, index, threshold)
                    for index in range(len(opened.images))
                ]
                passed.nms_seconds[number] += time.perf_counter() - start
                parts[number] += [
                    _as_darknet_leaves(place, selection, nms=detector.nms_threshold > 0)
                    for place, selection in enumerate(selections, len(passed.readable))
                ]
            passed.readable += opened.indices
        advance(len(opened))
    passed.detections_by_threshold += [DetectionTable.join(part) for part in parts]
    return passed


def pass_from_detections(found: DetectionTable, thresholds: Sequence[float]) -> DetectionPass:
    """As a pass, but from detections that are there: those above each threshold, without times.

    A greedy NMS and a threshold may change places.
    """
    detections_by_threshold = [
        found.select(found.scores > np.float32(limit)) for limit in thresholds
    ]
    return DetectionPass(
        tuple(thresholds), detections_by_threshold, [0.0] * len(detections_by_threshold)
    )


def _as_darknet_leaves(place: int, selection: FilteredBoxes, *, nms: bool) -> DetectionTable:
    if not nms:
        return DetectionTable.from_picture(
            place, selection.boxes_cxcywh, selection.scores_after_nms
        )
    order = order_after_nms(selection.scores)
    return DetectionTable.from_picture(
        place, selection.boxes_cxcywh[order], selection.scores_after_nms[order]
    )
