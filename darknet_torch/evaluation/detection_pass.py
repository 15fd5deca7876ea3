"""Running a detector once over a data set, with timing. No torch of its own."""

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


class BatchDetector(Protocol):
    """The part of `darknet_torch.inference.detector.Detector` that a pass needs."""

    threshold: float
    nms_threshold: float

    def predict(self, images: Sequence[np.ndarray]) -> Any: ...

    def filter_boxes(
        self, predicted: Any, index: int, threshold: float | None = None
    ) -> FilteredBoxes: ...


@dataclass
class DetectionPass:
    """The result of a pass over P readable pictures, at one or more score thresholds.

    Attributes:
        thresholds: the score thresholds; detections above each are kept.
        detections_by_threshold: the detections above each threshold, picture by picture, in
            the order in which Darknet's NMS leaves them. Their picture numbers are positions
            in `readable`.
        nms_seconds: for each threshold, the time that thresholding and NMS took.
        predict_seconds: the time that resizing and the network took.
        errors: the errors of the pictures that could not be read.
        readable: [P] positions, in the data set, of the pictures that could be read.
    """

    thresholds: tuple[float, ...]
    detections_by_threshold: list[DetectionTable]
    nms_seconds: list[float]
    predict_seconds: float = 0.0
    errors: list[ImageError] = field(default_factory=list)
    readable: list[int] = field(default_factory=list)

    @property
    def detections(self) -> DetectionTable:
        """The detections above the first threshold."""
        return self.detections_by_threshold[0]


def detect_all(
    detector: BatchDetector,
    pictures: Sequence[str | os.PathLike[str]],
    *,
    thresholds: Sequence[float] = (),
    batch: int = 1,
    workers: int = 2,
    exif: bool = True,
    advance: Callable[[int], None] = lambda count: None,
    report: Callable[[str], None] = lambda text: None,
    on_batch: Callable[[list[int]], None] = lambda places: None,
) -> DetectionPass:
    """Run a detector over all pictures once.

    Args:
        detector: a `darknet_torch.inference.detector.Detector`.
        pictures: their paths; those that cannot be read are left out and reported.
        thresholds: score thresholds; the detector's own if empty. The network runs once for
            all of them.
        batch: pictures per batch.
        workers: threads that read pictures.
        exif: rotate pictures according to their EXIF orientation.
        advance: called with the number of pictures done since the last call.
        report: called with a message for each picture that is damaged.
        on_batch: called with the positions of a batch's pictures after its detection.
    """
    chosen = tuple(thresholds) or (detector.threshold,)
    tables: list[list[DetectionTable]] = [[] for _ in chosen]
    result = DetectionPass(chosen, [], [0.0] * len(chosen))
    for opened in picture_batches(pictures, size=batch, workers=workers, exif=exif, report=report):
        result.errors += opened.errors
        if opened.images:
            _detect_batch(detector, opened.images, result, tables)
            result.readable += opened.indices
            on_batch(opened.indices)
        advance(len(opened))
    result.detections_by_threshold += [DetectionTable.join(parts) for parts in tables]
    return result


def _detect_batch(
    detector: BatchDetector,
    images: list[np.ndarray],
    result: DetectionPass,
    tables: list[list[DetectionTable]],
) -> None:
    """Predict once, and append the detections above each threshold to `tables`."""
    start = time.perf_counter()
    predicted = detector.predict(images)
    result.predict_seconds += time.perf_counter() - start
    for number, threshold in enumerate(result.thresholds):
        start = time.perf_counter()
        filtered = [
            detector.filter_boxes(predicted, index, threshold) for index in range(len(images))
        ]
        result.nms_seconds[number] += time.perf_counter() - start
        tables[number] += [
            _table_in_nms_order(picture, boxes, nms=detector.nms_threshold > 0)
            for picture, boxes in enumerate(filtered, len(result.readable))
        ]


def pass_from_detections(detections: DetectionTable, thresholds: Sequence[float]) -> DetectionPass:
    """Make the result of a pass from existing detections: those above each threshold, no times.

    A threshold may be applied after a greedy NMS instead of before it: the result is the same.
    """
    tables = [detections.select(detections.scores > np.float32(limit)) for limit in thresholds]
    return DetectionPass(tuple(thresholds), tables, [0.0] * len(tables))


def _table_in_nms_order(picture: int, boxes: FilteredBoxes, *, nms: bool) -> DetectionTable:
    """List a picture's detections in the order in which Darknet leaves them."""
    order = order_after_nms(boxes.scores) if nms else np.arange(len(boxes.scores))
    return DetectionTable.from_picture(
        picture, boxes.boxes_cxcywh[order], boxes.scores_after_nms[order]
    )
