"""One pass of a detector over a data set, timed. No torch of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from darknet_torch.errors import ImageError
from darknet_torch.evaluation.records import PictureDetections
from darknet_torch.media.frame_batches import opened_batches
from darknet_torch.results.boxes import order_behind_nms


class Selection(Protocol):
    """See `darknet_torch.inference.detector.Selection`."""

    @property
    def boxes(self) -> np.ndarray: ...
    @property
    def scores(self) -> np.ndarray: ...
    @property
    def kept(self) -> np.ndarray: ...


class Searcher(Protocol):
    """What a pass needs of `darknet_torch.inference.detector.Detector`."""

    threshold: float
    nms_threshold: float

    def predict(self, images: Sequence[np.ndarray]) -> Any: ...

    def select(self, predicted: Any, index: int, threshold: float | None = None) -> Selection: ...


@dataclass
class Passed:
    """The outcome of a pass.

    Attributes:
        thresholds: score above which detections were kept, one or more.
        founds: what was found above each of them, in each picture in the order that Darknet's
            NMS leaves. Pictures go by their place in `seen`.
        selecting: seconds that threshold and NMS took for each of them.
        predicting: seconds that resizing and the network took.
        errors: what is wrong with the pictures that could not be read.
        seen: [P] the pictures that could be read.
    """

    thresholds: tuple[float, ...]
    founds: list[PictureDetections]
    selecting: list[float]
    predicting: float = 0.0
    errors: list[ImageError] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)

    @property
    def found(self) -> PictureDetections:
        """What was found above the first threshold."""
        return self.founds[0]


def detect_all(
    detector: Searcher,
    pictures: Sequence[str | os.PathLike[str]],
    *,
    thresholds: Sequence[float] = (),
    batch: int = 1,
    workers: int = 2,
    exif: bool = True,
    advance: Callable[[int], None] = lambda count: None,
) -> Passed:
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
    parts: list[list[PictureDetections]] = [[] for _ in chosen]
    passed = Passed(chosen, [], [0.0] * len(chosen))
    for opened in opened_batches(pictures, size=batch, workers=workers, exif=exif):
        passed.errors += opened.errors
        if opened.images:
            start = time.perf_counter()
            predicted = detector.predict(opened.images)
            passed.predicting += time.perf_counter() - start
            for number, threshold in enumerate(chosen):
                start = time.perf_counter()
                selections = [
                    detector.select(predicted, index, threshold)
                    for index in range(len(opened.images))
                ]
                passed.selecting[number] += time.perf_counter() - start
                parts[number] += [
                    _as_darknet_leaves(place, selection, nms=detector.nms_threshold > 0)
                    for place, selection in enumerate(selections, len(passed.seen))
                ]
            passed.seen += opened.places
        advance(len(opened))
    passed.founds += [PictureDetections.join(part) for part in parts]
    return passed


def filtered(found: PictureDetections, thresholds: Sequence[float]) -> Passed:
    """As a pass, but from detections that are there: those above each threshold, without times.

    A greedy NMS and a threshold may change places.
    """
    founds = [found.select(found.scores > np.float32(limit)) for limit in thresholds]
    return Passed(tuple(thresholds), founds, [0.0] * len(founds))


def _as_darknet_leaves(place: int, selection: Selection, *, nms: bool) -> PictureDetections:
    if not nms:
        return PictureDetections.of_picture(place, selection.boxes, selection.kept)
    order = order_behind_nms(selection.scores)
    return PictureDetections.of_picture(place, selection.boxes[order], selection.kept[order])
