"""A data set as the thing to be judged against. No torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.evaluation.records import PictureDetections, Truths, truths_of
from darknet_torch.results.boxes import cxcywh_to_xyxy

_NUMBER_AT_END = re.compile(r"\d+$")


@dataclass(frozen=True)
class GroundTruth:
    """What there is to find.

    Attributes:
        data_set: the pictures and their labels.
        sizes: [P, 2] int64, height and width of each picture, pixels.
    """

    data_set: DataSet
    sizes: np.ndarray

    @staticmethod
    def of(data_set: DataSet) -> GroundTruth:
        """With the sizes that the form says, else those that the pictures' files say.

        Raises:
            ImageError: the size of a picture cannot be read.
        """
        sizes = [example.size or picture_size(example.path) for example in data_set.examples]
        return GroundTruth(data_set, np.array(sizes, np.int64).reshape(-1, 2))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes."""
        return self.data_set.names

    @cached_property
    def truths(self) -> Truths:
        """The objects in all pictures."""
        return truths_of(self.data_set.examples)

    @cached_property
    def picture_ids(self) -> tuple[int, ...]:
        """COCO's ids of the pictures.

        Where the form has none, the numbers at the ends of their names, as Darknet takes
        them, if these tell them apart; else from 1, in order.

        Source: detector.c get_coco_image_id, print_cocos (AlexeyAB).
        """
        given = [example.picture_id for example in self.data_set.examples]
        known = [number for number in given if number is not None]
        if len(set(known)) == len(given):
            return tuple(known)
        return picture_ids(self.stems) if None in given else _counted(len(given))

    @property
    def category_ids(self) -> tuple[int, ...]:
        """COCO's ids of the classes; from 1, in order, where the form has none."""
        return self.data_set.category_ids or tuple(range(1, len(self.names) + 1))

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The pictures' names without folder and suffix, by which results files name them."""
        return tuple(example.path.stem for example in self.data_set.examples)

    def corners(self, pictures: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Relative boxes as left, top, right, bottom in pixels.

        Args:
            pictures: [K] the picture of each.
            boxes: [K, 4] centre x, centre y, width, height in 0-1 of it.

        Returns:
            [K, 4] float64.
        """
        return cxcywh_to_xyxy(boxes.astype(np.float64)) * self._scale(pictures)

    def clipped_corners(self, found: PictureDetections) -> np.ndarray:
        """[K, 4] of what was found, cut at the borders, as Darknet's ``valid`` writes them.

        Source: detector.c print_cocos, print_detector_detections (AlexeyAB).
        """
        corners = self.corners(found.pictures, found.boxes)
        return np.minimum(np.maximum(corners, 0), self._scale(found.pictures))

    def relative(self, pictures: np.ndarray, corners: np.ndarray) -> np.ndarray:
        """The inverse of `corners`."""
        relative = corners / self._scale(pictures)
        first, last = relative[:, :2], relative[:, 2:]
        return np.concatenate(((first + last) / 2, last - first), 1)

    def only(self, pictures: np.ndarray) -> GroundTruth:
        """Some of the pictures, [P] places in order."""
        examples = tuple(self.data_set.examples[i] for i in pictures)
        return GroundTruth(replace(self.data_set, examples=examples), self.sizes[pictures])

    def _scale(self, pictures: np.ndarray) -> np.ndarray:
        return self.sizes[pictures][:, [1, 0, 1, 0]]


def picture_ids(stems: Sequence[str]) -> tuple[int, ...]:
    """COCO's ids of pictures by their names without suffix.

    These are the numbers at the ends of their names, as Darknet takes them, if they tell
    them apart; else from 1, in order.

    Source: detector.c get_coco_image_id (AlexeyAB).
    """
    at_end = [_NUMBER_AT_END.search(stem) for stem in stems]
    ids = [int(found.group()) for found in at_end if found]
    return tuple(ids) if len(set(ids)) == len(stems) else _counted(len(stems))


def _counted(count: int) -> tuple[int, ...]:
    return tuple(range(1, count + 1))
