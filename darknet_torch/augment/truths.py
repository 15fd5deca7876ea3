"""Boxes on their way from the picture to the network's input, and as its truths. No torch.

All in float32, as in C, so that a box at the edge of a rule falls on the same side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.datasets.examples import Example, Labels, Problem
from darknet_torch.media.images import Placement
from darknet_torch.results.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh

ROW = 5  # x, y, w, h, class
_TRACKS = 4000  # pictures, and objects in one, that a track's id tells apart; float32 holds both


@dataclass(frozen=True)
class BoxTransform:
    """How a picture moves: places * scale - shift, in 0-1, then perhaps mirrored."""

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)
    flip: bool = False

    @staticmethod
    def from_placement(placement: Placement) -> BoxTransform:
        """Into a network's input without any augmentation."""
        margins = placement.to_input(np.zeros(4))[:2]
        ratios = placement.to_input(np.ones(4))[2:]
        return BoxTransform((ratios[0], ratios[1]), (-margins[0], -margins[1]))


def transform_boxes(boxes: np.ndarray, transform: BoxTransform) -> np.ndarray:
    """Boxes after a transform, clipped to the input; what is outside of it has no size.

    Args:
        boxes: [K, 4] centre x, centre y, width, height in 0-1 of the picture.

    Returns:
        [K, 4] float32 in the same form, in 0-1 of the network's input.

    Source: data.c correct_boxes (AlexeyAB). pjreddie's has no rule for boxes that lie
    outside of the picture from the start; they lose their size there too, unless the
    picture is surrounded by filling.
    """
    boxes = boxes.astype(np.float32)
    lost = _nowhere(boxes)
    scale, shift = np.array((transform.scale, transform.shift), np.float32)
    corners = cxcywh_to_xyxy(boxes) * np.tile(scale, 2) - np.tile(shift, 2)
    if transform.flip:
        corners[:, [0, 2]] = 1 - corners[:, [2, 0]]
    found = xyxy_to_cxcywh(corners.clip(0, 1))
    found[lost] = 0
    return found


def _nowhere(boxes: np.ndarray) -> np.ndarray:
    """[K] whether a box of the picture lies outside of it, or has its centre at 0, 0."""
    centre, half = boxes[:, :2], boxes[:, 2:] / 2
    at_origin = (centre == 0).all(1)
    return at_origin | (centre + half < 0).any(1) | (centre - half > 1).any(1)


def label_problems(examples: Sequence[Example], classes: int) -> tuple[Problem, ...]:
    """Label files that are missing, and boxes that no truth can be made of.

    Source: data.c read_boxes, fill_truth_detection (AlexeyAB), which tells of them while it
    trains.
    """
    found = []
    for example in examples:
        where = str(example.label_file or example.path)
        if example.labels is None:
            found.append(Problem("no label file", where, "missing, so the picture is a negative"))
            continue
        ids, boxes = example.labels.class_ids, example.labels.boxes
        for class_id in ids[(ids < 0) | (ids >= classes)]:
            what = f"class {class_id}, but the network has 0..{classes - 1}; the box is left out"
            found.append(Problem("unknown class", where, what))
        for box in boxes[_nowhere(boxes)]:
            text = " ".join(f"{value:g}" for value in box)
            what = f"a box outside of the picture is left out: {text}"
            found.append(Problem("box outside", where, what))
    return tuple(found)


def training_labels(example: Example) -> Labels:
    """The boxes to learn: all but the difficult ones, which Darknet's label files lack."""
    labels = example.labels
    if labels is None:
        return Labels.empty()
    easy = ~labels.difficult
    return Labels(labels.class_ids[easy], labels.boxes[easy], labels.difficult[easy])


@dataclass(frozen=True)
class RowTruthEncoder:
    """Which boxes become truths of [yolo], [Gaussian_yolo] and [region].

    Attributes:
        classes: of the network.
        most: truths of a picture.
        in_pixels: the smallest box is a pixel of the input, else 0.001 of it, wide and high.
        tracks: rows carry the object's id behind its class.
    """

    classes: int
    most: int
    in_pixels: bool
    tracks: bool = False

    @property
    def width(self) -> int:
        """Values of a row."""
        return ROW + self.tracks

    def rows(
        self,
        labels: Labels,
        index: int,
        order: np.ndarray,
        transform: BoxTransform,
        height: int,
        width: int,
    ) -> np.ndarray:
        """The truths of one picture, [K, 5 or 6]: x, y, w, h, class and perhaps the track.

        Boxes that are dropped later count among the `most` first, as in C.

        Args:
            index: of the picture in the data set.
            order: of its boxes.
            height, width: of the network's input, pixels.

        Source: data.c fill_truth_detection, read_boxes (both code bases). Differs: a class
        below 0 is left out (AlexeyAB's code keeps it), and in pjreddie's dialect one that is
        too high (that code writes it into the truth).
        """
        order = order[: self.most]
        ids, boxes = labels.class_ids[order], transform_boxes(labels.boxes[order], transform)
        pair = (1 / width, 1 / height) if self.in_pixels else (0.001, 0.001)
        smallest = np.array(pair, np.float32)
        keep = (ids >= 0) & (ids < self.classes) & (boxes[:, 2:] >= smallest).all(1)
        columns = [boxes[keep], ids[keep, None].astype(np.float32)]
        if self.tracks:
            track = index % _TRACKS * _TRACKS + order[keep, None]
            columns.append(track.astype(np.float32))
        return np.concatenate(columns, 1)

    def filled(self, rows: np.ndarray) -> np.ndarray:
        """[K, 5 or 6] as [most, 5 or 6], zeros behind; without those that are too many."""
        out = np.zeros((self.most, self.width), np.float32)
        out[: len(rows)] = rows[: self.most]
        return out


@dataclass(frozen=True)
class CellTruthEncoder:
    """Which boxes become truths of [detection].

    Attributes:
        classes: of the network.
        side: cells per side.
        smallest: a box is at least as wide and high, in 0-1 of the input.
    """

    classes: int
    side: int
    smallest: float

    def cells(self, labels: Labels, order: np.ndarray, transform: BoxTransform) -> np.ndarray:
        """The truths of one picture, [side * side * (1 + classes + 4)].

        Each cell has 1 if there is an object, its class as one of `classes`, x, y in the cell
        and w, h in the input. The first box takes a cell.

        Source: data.c fill_truth_region. Differs: a box whose class is unknown takes none.
        """
        grid = np.zeros((self.side, self.side, 1 + self.classes + 4), np.float32)
        ids, boxes = labels.class_ids[order], transform_boxes(labels.boxes[order], transform)
        keep = (ids >= 0) & (ids < self.classes)
        keep &= (boxes[:, 2:] >= np.float32(self.smallest)).all(1)
        for class_id, box in zip(ids[keep], boxes[keep], strict=True):
            place = box[:2] * np.float32(self.side)
            column, row = place.astype(int)
            cell = grid[row, column]
            if not cell[0]:
                cell[0] = cell[1 + class_id] = 1
                cell[1 + self.classes :] = *(place - (column, row)), *box[2:]
        return grid.reshape(-1)
