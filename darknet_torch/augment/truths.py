"""Converts the boxes of a picture to the truths of a detection head. No torch.

Everything is computed in float32 as in C, so that boxes at a threshold are treated alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from darknet_torch.datasets.examples import Example, Labels, Problem
from darknet_torch.datasets.label_rule import find_wrong_boxes
from darknet_torch.media.images import Placement
from darknet_torch.results.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh

ROW = 5  # x, y, w, h, class
_TRACKS = 4000  # distinct pictures, and objects per picture, in a track id; exact in float32


@dataclass(frozen=True)
class BoxTransform:
    """An affine transform of positions in 0-1: position * scale - shift, then mirrored if `flip`.

    Attributes:
        scale: along x and y.
        shift: along x and y, in 0-1 of the network's input.
        flip: mirror along x.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)
    flip: bool = False

    @staticmethod
    def from_placement(placement: Placement) -> BoxTransform:
        """The transform into a network's input without augmentation."""
        margins = placement.to_input(np.zeros(4))[:2]
        ratios = placement.to_input(np.ones(4))[2:]
        return BoxTransform((ratios[0], ratios[1]), (-margins[0], -margins[1]))


def transform_boxes(boxes: np.ndarray, transform: BoxTransform) -> np.ndarray:
    """Transform boxes and clip them to the network's input.

    Boxes outside of the picture or of the input get the size 0.

    Args:
        boxes: [K, 4] centre x, centre y, width, height in 0-1 of the picture.
        transform: from the picture to the network's input.

    Returns:
        [K, 4] float32 in the same format, in 0-1 of the network's input.

    Source: data.c correct_boxes (AlexeyAB). pjreddie's function has no rule for boxes that lie
    outside of the picture from the start; they lose their size there too, unless the picture
    is padded.
    """
    boxes = boxes.astype(np.float32)
    lost = _outside_picture(boxes)
    scale, shift = np.array((transform.scale, transform.shift), np.float32)
    corners = cxcywh_to_xyxy(boxes) * np.tile(scale, 2) - np.tile(shift, 2)
    if transform.flip:
        corners[:, [0, 2]] = 1 - corners[:, [2, 0]]
    clipped = xyxy_to_cxcywh(corners.clip(0, 1))
    clipped[lost] = 0
    return clipped


def _outside_picture(boxes: np.ndarray) -> np.ndarray:
    """[K] whether a box lies outside of its picture, or has its centre at 0, 0."""
    centre, half = boxes[:, :2], boxes[:, 2:] / 2
    at_origin = (centre == 0).all(1)
    return at_origin | (centre + half < 0).any(1) | (centre - half > 1).any(1)


def label_problems(examples: Sequence[Example], classes: int) -> tuple[Problem, ...]:
    """Find missing label files, and boxes that cannot become truths.

    Source: data.c read_boxes, fill_truth_detection (AlexeyAB), which report them during
    training.
    """
    found = []
    for example in examples:
        if example.labels is None:
            where = str(example.label_file or example.path)
            what = "missing; the picture is used as a negative example"
            found.append(Problem("no label file", where, what))
        found += find_wrong_boxes(example, classes)[1]
    return tuple(found)


def training_labels(example: Example, classes: int) -> Labels:
    """The boxes to train on: all but difficult ones, which Darknet's label files do not have.

    Wrong boxes become 0 0 0 0, which no truth is made of: as in C they take part in the order
    of the boxes and count for the most truths of a picture.

    Args:
        example: the picture and its labels.
        classes: number of classes of the network.

    Source: data.c correct_boxes (AlexeyAB), which overwrites boxes outside of the picture.
    """
    labels = example.labels
    if labels is None:
        return Labels.empty()
    wrong, _ = find_wrong_boxes(example, classes)
    boxes = np.where(wrong[:, None], 0, labels.boxes)
    return replace(labels, boxes=boxes).select(~labels.difficult)


@dataclass(frozen=True)
class RowTruthEncoder:
    """Converts boxes to the truth rows of [yolo], [Gaussian_yolo] and [region].

    Attributes:
        classes: number of classes of the network.
        max_truths: number of truth rows per picture.
        in_pixels: a box must be at least one pixel of the input wide and high, else 0.001 of it.
        tracks: rows have the track id of the object after its class.
    """

    classes: int
    max_truths: int
    in_pixels: bool
    tracks: bool = False

    @property
    def row_length(self) -> int:
        """Number of values in a row, 5 or 6."""
        return ROW + self.tracks

    def encode(
        self,
        labels: Labels,
        index: int,
        order: np.ndarray,
        transform: BoxTransform,
        height: int,
        width: int,
    ) -> np.ndarray:
        """The truth rows of one picture, [K, 5 or 6]: x, y, w, h, class and the track id.

        Only the first `max_truths` boxes are considered, as in C, even if some are dropped.

        Args:
            labels: the boxes of the picture.
            index: index of the picture in the data set.
            order: [N] the order of its boxes.
            transform: from the picture to the network's input.
            height: height of the network's input in pixels.
            width: width of the network's input in pixels.

        Source: data.c fill_truth_detection, read_boxes (both code bases). Differs: a class
        below 0 is left out (AlexeyAB's code keeps it), and in pjreddie's dialect one that is
        too high (that code writes it into the truth).
        """
        order = order[: self.max_truths]
        ids, boxes = labels.class_ids[order], transform_boxes(labels.boxes[order], transform)
        pair = (1 / width, 1 / height) if self.in_pixels else (0.001, 0.001)
        smallest = np.array(pair, np.float32)
        keep = (ids >= 0) & (ids < self.classes) & (boxes[:, 2:] >= smallest).all(1)
        columns = [boxes[keep], ids[keep, None].astype(np.float32)]
        if self.tracks:
            track = index % _TRACKS * _TRACKS + order[keep, None]
            columns.append(track.astype(np.float32))
        return np.concatenate(columns, 1)

    def pad(self, rows: np.ndarray) -> np.ndarray:
        """Pad [K, 5 or 6] rows with zeros, or truncate them, to [max_truths, 5 or 6]."""
        out = np.zeros((self.max_truths, self.row_length), np.float32)
        out[: len(rows)] = rows[: self.max_truths]
        return out


@dataclass(frozen=True)
class CellTruthEncoder:
    """Converts boxes to the truth cells of [detection].

    Attributes:
        classes: number of classes of the network.
        side: cells per side.
        smallest: the least width and height of a box, in 0-1 of the input.
    """

    classes: int
    side: int
    smallest: float

    def encode(self, labels: Labels, order: np.ndarray, transform: BoxTransform) -> np.ndarray:
        """The truth of one picture, [side * side * (1 + classes + 4)] float32.

        A cell has 1 if it contains an object, the one-hot class, x, y in 0-1 of the cell and
        w, h in 0-1 of the input. If several boxes have their centre in a cell, the first one
        in `order` is used.

        Source: data.c fill_truth_region. Differs: a box of an unknown class is ignored.
        """
        grid = np.zeros((self.side, self.side, 1 + self.classes + 4), np.float32)
        ids, boxes = labels.class_ids[order], transform_boxes(labels.boxes[order], transform)
        keep = (ids >= 0) & (ids < self.classes)
        keep &= (boxes[:, 2:] >= np.float32(self.smallest)).all(1)
        for class_id, box in zip(ids[keep], boxes[keep], strict=True):
            position = box[:2] * np.float32(self.side)
            column, row = position.astype(int)
            cell = grid[row, column]
            if not cell[0]:
                cell[0] = cell[1 + class_id] = 1
                cell[1 + self.classes :] = *(position - (column, row)), *box[2:]
        return grid.reshape(-1)
