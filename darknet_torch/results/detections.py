"""What a detector found in one picture. No torch."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from darknet_torch.media.drawing import draw_boxes
from darknet_torch.results.boxes import xyxy_to_cxcywh

_HIDDEN = "dont_show"


@dataclass(frozen=True)
class Detections:
    """Boxes found in a picture, the most certain first.

    A box that is above the threshold for two classes stands here twice.

    Attributes:
        boxes_xyxy: [K, 4] left, top, right, bottom in pixels of the original picture; they
            may reach beyond it.
        scores: [K] 0-1.
        class_ids: [K] from 0.
        names: the names of the classes; ids beyond them go by number.
        height, width: of the original picture.
        filename: of the picture, empty if it came as an array.
        frame_id: its number in a run, from 1.
    """

    boxes_xyxy: np.ndarray
    scores: np.ndarray
    class_ids: np.ndarray
    height: int
    width: int
    names: tuple[str, ...] = ()
    filename: str = ""
    frame_id: int = 1

    def __len__(self) -> int:
        return len(self.scores)

    def name(self, class_id: int) -> str:
        """The name of a class."""
        return self.names[class_id] if class_id < len(self.names) else f"class {class_id}"

    @property
    def boxes_cxcywh_relative(self) -> np.ndarray:
        """[K, 4] centre x, centre y, width, height in 0-1 of the picture."""
        size = (self.width, self.height, self.width, self.height)
        return xyxy_to_cxcywh(self.boxes_xyxy) / size

    @property
    def boxes_xyxy_clipped(self) -> np.ndarray:
        """`boxes_xyxy`, cut at the borders of the picture."""
        return np.clip(self.boxes_xyxy, 0, (self.width, self.height, self.width, self.height))

    def lines(self) -> list[str]:
        """Darknet's lines, from left to right.

        Source: image.c draw_detections_v3 with -ext_output (AlexeyAB).
        """
        order = np.argsort(self.boxes_xyxy[:, 0], kind="stable")
        return [self._line(int(index)) for index in order]

    def _line(self, index: int) -> str:
        left, top, right, bottom = self.boxes_xyxy[index]
        name = self.name(int(self.class_ids[index]))
        return (
            f"{name}: {self.scores[index] * 100:.0f}%"
            f"\t(left_x: {_round(left):4.0f}   top_y: {_round(top):4.0f}"
            f"   width: {_round(right - left):4.0f}   height: {_round(bottom - top):4.0f})"
        )

    def label_lines(self) -> list[str]:
        """Lines of a label file: class, centre x, centre y, width, height in 0-1.

        A box that stands for several classes gets the likeliest.

        Source: detector.c test_detector with -save_labels (AlexeyAB).
        """
        best: dict[tuple[float, ...], int] = {}
        for box, class_id in zip(self.boxes_cxcywh_relative.tolist(), self.class_ids, strict=True):
            best.setdefault(tuple(box), int(class_id))
        return [
            f"{class_id} {' '.join(f'{value:.4f}' for value in box)}"
            for box, class_id in best.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        """The form of AlexeyAB's ``-out`` file for one picture.

        Source: network.c detection_to_json (AlexeyAB).
        """
        objects = [
            {
                "class_id": int(class_id),
                "name": self.name(int(class_id)),
                "relative_coordinates": {
                    "center_x": round(float(box[0]), 6),
                    "center_y": round(float(box[1]), 6),
                    "width": round(float(box[2]), 6),
                    "height": round(float(box[3]), 6),
                },
                "confidence": round(float(score), 6),
            }
            for class_id, box, score in zip(
                self.class_ids, self.boxes_cxcywh_relative, self.scores, strict=True
            )
        ]
        return {"frame_id": self.frame_id, "filename": self.filename, "objects": objects}

    def to_json(self) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def draw(self, image: np.ndarray) -> np.ndarray:
        """A copy of the picture with the boxes and their labels on it.

        Args:
            image: BGR uint8 [H, W, 3], the picture that was searched.
        """
        labels = [
            f"{self.name(int(class_id))} {score * 100:.0f}%"
            for class_id, score in zip(self.class_ids, self.scores, strict=True)
        ]
        return draw_boxes(image, self.boxes_xyxy, labels, self.class_ids)

    def visible(self, only: Collection[int] | None = None) -> Detections:
        """Without the classes whose names start with ``dont_show``, which Darknet hides.

        Args:
            only: the classes to keep, all by default.
        """
        keep = [
            index
            for index, class_id in enumerate(self.class_ids.tolist())
            if not self.name(class_id).startswith(_HIDDEN) and (only is None or class_id in only)
        ]
        return self if len(keep) == len(self) else self.select(keep)

    def first(self, count: int | None) -> Detections:
        """The `count` most certain ones; None for all."""
        return self if count is None or len(self) <= count else self.select(list(range(count)))

    def select(self, indices: list[int]) -> Detections:
        """Those of the given indices, in that order."""
        return Detections(
            self.boxes_xyxy[indices],
            self.scores[indices],
            self.class_ids[indices],
            self.height,
            self.width,
            self.names,
            self.filename,
            self.frame_id,
        )


def _round(value: float) -> float:
    """Half away from zero, as C's round. Differs: C prints -0 where this is 0."""
    return math.copysign(math.floor(abs(value) + 0.5), value) + 0.0
