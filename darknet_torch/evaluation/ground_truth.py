"""A data set as the ground truth of an evaluation. No torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from darknet_torch.datasets.coco import id_order
from darknet_torch.datasets.examples import DataSet, RecordId
from darknet_torch.evaluation.records import DetectionTable, TruthTable, collect_truths
from darknet_torch.results.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh

_NUMBER_AT_END = re.compile(r"\d+$")


@dataclass(frozen=True)
class GroundTruth:
    """The pictures and objects that detections are compared with.

    Attributes:
        data_set: the pictures and their labels.
        sizes: [P, 2] int64, height and width of each picture in pixels.
    """

    data_set: DataSet
    sizes: np.ndarray

    @staticmethod
    def from_data_set(data_set: DataSet) -> GroundTruth:
        """Take the picture sizes from the data set, or from the files where it has none.

        Raises:
            ImageError: the size of a picture cannot be read.
        """
        sizes = [example.measure() for example in data_set.examples]
        return GroundTruth(data_set, np.array(sizes, np.int64).reshape(-1, 2))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.data_set.names

    @cached_property
    def truths(self) -> TruthTable:
        """The objects in all pictures."""
        return collect_truths(self.data_set.examples)

    @cached_property
    def picture_ids(self) -> tuple[RecordId, ...]:
        """The COCO image ids of the pictures.

        If the data set has none, the ids are those of `picture_ids`.

        Source: detector.c get_coco_image_id, print_cocos (AlexeyAB).
        """
        given = [example.picture_id for example in self.data_set.examples]
        known = [number for number in given if number is not None]
        if len(set(known)) == len(given):
            return tuple(known)
        return picture_ids(self.stems) if None in given else _count_from_one(len(given))

    @cached_property
    def category_ids(self) -> tuple[RecordId, ...]:
        """The COCO category ids of the classes; 1, 2, ... if the data set has none."""
        return self.data_set.category_ids or tuple(range(1, len(self.names) + 1))

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The file names without folder and suffix, by which result files name the pictures."""
        return tuple(example.path.stem for example in self.data_set.examples)

    def with_numbered_ids(self) -> GroundTruth:
        """The same with 1, 2, ... in the order of the ids instead of ids of any type."""
        numbers = _ranks(self.picture_ids)
        examples = [
            replace(example, picture_id=number)
            for example, number in zip(self.data_set.examples, numbers, strict=True)
        ]
        data_set = replace(
            self.data_set, examples=tuple(examples), category_ids=_ranks(self.category_ids)
        )
        return GroundTruth(data_set, self.sizes)

    def boxes_xyxy(self, pictures: np.ndarray, boxes_cxcywh: np.ndarray) -> np.ndarray:
        """Convert relative boxes to left, top, right, bottom in pixels.

        Args:
            pictures: [K] index of each box's picture.
            boxes_cxcywh: [K, 4] centre x, centre y, width, height in 0-1 of the picture.

        Returns:
            [K, 4] float64.
        """
        return cxcywh_to_xyxy(boxes_cxcywh.astype(np.float64)) * self._scale(pictures)

    def clipped_boxes_xyxy(self, detections: DetectionTable) -> np.ndarray:
        """Return the boxes of detections in pixels, clipped as Darknet's ``valid`` does.

        Returns:
            [K, 4] float64, left, top, right, bottom.

        Source: detector.c print_cocos, print_detector_detections (AlexeyAB).
        """
        boxes_xyxy = self.boxes_xyxy(detections.pictures, detections.boxes)
        return np.minimum(np.maximum(boxes_xyxy, 0), self._scale(detections.pictures))

    def boxes_cxcywh(self, pictures: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
        """Convert boxes in pixels to relative ones: the inverse of `boxes_xyxy`."""
        return xyxy_to_cxcywh(boxes_xyxy / self._scale(pictures))

    def subset(self, pictures: np.ndarray) -> GroundTruth:
        """Return the ground truth of some pictures, given by their indices [P]."""
        examples = tuple(self.data_set.examples[i] for i in pictures)
        return GroundTruth(replace(self.data_set, examples=examples), self.sizes[pictures])

    def _scale(self, pictures: np.ndarray) -> np.ndarray:
        return self.sizes[pictures][:, [1, 0, 1, 0]]


def _ranks(ids: Sequence[RecordId]) -> tuple[int, ...]:
    ranks = {key: rank for rank, key in enumerate(sorted(ids, key=id_order), 1)}
    return tuple(ranks[key] for key in ids)


def picture_ids(stems: Sequence[str]) -> tuple[int, ...]:
    """Return COCO image ids for file names without suffix.

    The ids are the numbers at the ends of the names, as in Darknet. If a name has none, or two
    names have the same, the ids are 1, 2, ... in order.

    Source: detector.c get_coco_image_id (AlexeyAB).
    """
    matches = [_NUMBER_AT_END.search(stem) for stem in stems]
    ids = [int(match.group()) for match in matches if match]
    return tuple(ids) if len(set(ids)) == len(stems) else _count_from_one(len(stems))


def _count_from_one(count: int) -> tuple[int, ...]:
    return tuple(range(1, count + 1))
