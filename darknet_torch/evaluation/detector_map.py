"""Darknet's mAP of a detector, whose pictures several processes may share. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from darknet_torch.datasets.examples import DataSet
from darknet_torch.errors import UsageError
from darknet_torch.evaluation.darknet import MIN_SCORE, DarknetMap, match
from darknet_torch.evaluation.detection_pass import BatchDetector, detect_all
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable

BATCH = 8  # pictures per forward pass


@dataclass(frozen=True)
class DetectedPictures:
    """What a detector found in some pictures of a data set.

    Attributes:
        readable: [P] int64, positions in the data set of the pictures that could be read,
            ascending.
        detections: the detections, picture by picture; their picture numbers are positions in
            the data set.
    """

    readable: np.ndarray
    detections: DetectionTable

    @staticmethod
    def join(shares: Sequence[DetectedPictures]) -> DetectedPictures:
        """Put together what was found in different pictures, as if one pass had found it."""
        found = DetectionTable.join([share.detections for share in shares])
        order = np.argsort(found.pictures, kind="stable")  # of a picture's detections it stays
        return DetectedPictures(
            np.sort(np.concatenate([share.readable for share in shares])), found.select(order)
        )

    def with_truth(
        self, data_set: DataSet, names: Sequence[str]
    ) -> tuple[DetectionTable, GroundTruth]:
        """The detections, their pictures counted among the readable ones, and what these show.

        Args:
            data_set: the one whose pictures these are.
            names: of the detector's classes.

        Raises:
            UsageError: not one picture can be read.
        """
        if not len(self.readable):
            raise UsageError("no picture can be read", where=data_set.origin)
        seen = tuple(data_set.examples[place] for place in self.readable)
        found = self.detections
        found = replace(found, pictures=np.searchsorted(self.readable, found.pictures))
        truth = replace(data_set, examples=seen, names=tuple(names))
        return found, GroundTruth.from_data_set(truth)


def places_of_share(count: int, rank: int, shares: int) -> list[int]:
    """The positions of the pictures that one of several processes takes: every so many a batch.

    The batches are those of a single process, so that a network computes the same in them.

    Args:
        count: of all pictures.
        rank: of the process, from 0.
        shares: of how many.
    """
    return [place for place in range(count) if place // BATCH % shares == rank]


def detect_in(
    detector: BatchDetector,
    data_set: DataSet,
    places: Sequence[int],
    *,
    workers: int,
    advance: Callable[[int], None] = lambda count: None,
    on_batch: Callable[[list[int]], None] = lambda places: None,
) -> DetectedPictures:
    """Run a detector over some pictures of a data set, as Darknet's map does.

    Args:
        detector, workers, advance: see `detector_map`.
        data_set: pictures with their boxes.
        places: positions of the pictures, ascending.
        on_batch: called with the positions of a batch's pictures after its detection.
    """
    passed = detect_all(
        detector,
        [data_set.examples[place].path for place in places],
        thresholds=[MIN_SCORE],
        batch=BATCH,
        workers=workers,
        exif=data_set.exif,
        advance=advance,
        on_batch=lambda batch: on_batch([places[index] for index in batch]),
    )
    readable = np.asarray(places, np.int64)[passed.readable]
    found = passed.detections
    return DetectedPictures(readable, replace(found, pictures=readable[found.pictures]))


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
    everywhere = range(len(data_set.examples))
    found = detect_in(detector, data_set, everywhere, workers=workers, advance=advance)
    detections, truth = found.with_truth(data_set, names)
    return match(detections, truth.truths, len(names), iou).result(names)
