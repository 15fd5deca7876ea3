"""The detections in one picture, as text, JSON, label lines or a drawing. No torch."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from darknet_torch.extras import import_extra
from darknet_torch.media.drawing import DrawingStyle, draw_boxes
from darknet_torch.media.picture_input import open_picture
from darknet_torch.printable import escape_in_line
from darknet_torch.results.boxes import xyxy_to_cxcywh
from darknet_torch.results.selection import is_number, one_index, selected_indices, shortened

if TYPE_CHECKING:
    from darknet_torch.media.picture_input import Picture

_HIDDEN_PREFIX = "dont_show"
# Four decimals of a centre and of half a side move an edge by at most 0.000075 of the picture.
_FOUR_DECIMALS_UP_TO = 5000  # pixels: 0.375 of one
_COORDINATES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class Detection:
    """One detected object.

    Attributes:
        box_xyxy: left, top, right, bottom in pixels of the original picture; they may reach
            beyond it.
        score: 0-1.
        class_id: from 0.
        name: the name of its class, "class N" for a class without one.
    """

    box_xyxy: tuple[float, float, float, float]
    score: float
    class_id: int
    name: str


@dataclass(frozen=True, repr=False, eq=False)
class Detections:
    """The boxes detected in one picture, sorted by score, the highest first.

    A box that is above the threshold for two classes is listed twice. ``for one in detections``
    and ``detections[0]`` give a `Detection`; a slice, a mask, or a list of indices gives
    `Detections`. Two are equal if all their values are.

    Attributes:
        boxes_xyxy: [K, 4] left, top, right, bottom in pixels of the original picture; they
            may reach beyond it.
        scores: [K] 0-1.
        class_ids: [K] from 0.
        height, width: size of the original picture in pixels.
        names: the names of the classes; a class without a name is called "class N".
        filename: path or URL of the picture, empty if it has none.
        frame_id: number of the picture in a run, or of the frame in its video, from 1.
        engine: what ran the network, with its version; it does not count in comparisons.
    """

    boxes_xyxy: np.ndarray
    scores: np.ndarray
    class_ids: np.ndarray
    height: int
    width: int
    names: tuple[str, ...] = ()
    filename: str = ""
    frame_id: int = 1
    engine: str = field(default="", compare=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Detections):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, one.name), getattr(other, one.name))
            for one in fields(self)
            if one.compare
        )

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[Detection]:
        return (self._detection(index) for index in range(len(self)))

    @overload
    def __getitem__(self, key: int) -> Detection: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | np.ndarray) -> Detections: ...

    def __getitem__(self, key: int | slice | Sequence[int] | np.ndarray) -> Detection | Detections:
        """Return one detection, or several as `Detections`.

        Args:
            key: a number, negative from the end; a slice; a mask [K] of booleans; or integers.

        Raises:
            IndexError: a number is too high or too low, or a mask has another length.
            UsageError: the key is something else.
        """
        if is_number(key):
            return self._detection(one_index(key, len(self)))
        return self.select(selected_indices(key, len(self)))

    def _detection(self, index: int) -> Detection:
        left, top, right, bottom = self.boxes_xyxy[index].tolist()
        class_id = int(self.class_ids[index])
        score = float(self.scores[index])
        return Detection((left, top, right, bottom), score, class_id, self.name(class_id))

    def __repr__(self) -> str:
        return shortened(self, [f"{one.name} {one.score:.2f}" for one in self])

    def name(self, class_id: int) -> str:
        """Return the name of a class.

        Args:
            class_id: the class, from 0.

        Returns:
            Its name, or "class N" for a class without one.
        """
        return self.names[class_id] if class_id < len(self.names) else f"class {class_id}"

    @property
    def boxes_cxcywh_relative(self) -> np.ndarray:
        """Boxes as [K, 4] centre x, centre y, width, height in 0-1 of the picture."""
        size = (self.width, self.height, self.width, self.height)
        return xyxy_to_cxcywh(self.boxes_xyxy) / size

    @property
    def boxes_xyxy_clipped(self) -> np.ndarray:
        """`boxes_xyxy` clipped to the picture: [K, 4], in its pixels."""
        return np.clip(self.boxes_xyxy, 0, (self.width, self.height, self.width, self.height))

    def lines(self) -> list[str]:
        """Return Darknet's lines of text, sorted by the left edges of the boxes.

        Control characters in a name are visible, such as ``\\x1b``.

        Source: image.c draw_detections_v3 with -ext_output (AlexeyAB).
        """
        order = np.argsort(self.boxes_xyxy[:, 0], kind="stable")
        return [self._line(int(index)) for index in order]

    def _line(self, index: int) -> str:
        left, top, right, bottom = self.boxes_xyxy[index]
        name = escape_in_line(self.name(int(self.class_ids[index])))
        return (
            f"{name}: {self.scores[index] * 100:.0f}%"
            f"\t(left_x: {_round(left):4.0f}   top_y: {_round(top):4.0f}"
            f"   width: {_round(right - left):4.0f}   height: {_round(bottom - top):4.0f})"
        )

    def label_lines(self, *, scores: bool = False) -> list[str]:
        """Return the lines of a label file: class, centre x, centre y, width, height in 0-1.

        Boxes are clipped to the picture, and those of which less than a pixel is left are left
        out, so that the lines are correct labels. A box of several classes gets the class with
        the highest score. Numbers have Darknet's four decimals, and six where four would move an
        edge by half a pixel.

        Args:
            scores: append the score, 0-1, to each line, as Ultralytics' ``save_conf`` does. Such
                lines are results, and no labels for training.

        Source: detector.c test_detector with -save_labels (AlexeyAB).
        Differs: C neither clips boxes nor leaves any out, and always prints four decimals.
        """
        decimals = 4 if max(self.width, self.height) <= _FOUR_DECIMALS_UP_TO else 6
        size = (self.width, self.height, self.width, self.height)
        best: dict[tuple[float, ...], int] = {}
        for row, box in enumerate(self.boxes_xyxy.tolist()):
            best.setdefault(tuple(box), row)
        rows = list(best.values())
        lines: dict[str, float] = {}  # boxes may be the same once they are clipped
        for row, box in zip(
            rows, xyxy_to_cxcywh(self.boxes_xyxy_clipped[rows]) / size, strict=True
        ):
            numbers = [f"{value:.{decimals}f}" for value in box]
            if float(numbers[2]) * self.width >= 1 and float(numbers[3]) * self.height >= 1:
                lines.setdefault(f"{self.class_ids[row]} {' '.join(numbers)}", self.scores[row])
        return [f"{line} {score:.6f}" if scores else line for line, score in lines.items()]

    def to_dict(self) -> dict[str, Any]:
        """Return one picture's entry in AlexeyAB's ``-out`` file, and `engine`.

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
        found = {"frame_id": self.frame_id, "filename": self.filename, "objects": objects}
        return found | ({"engine": self.engine} if self.engine else {})

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_numpy(self) -> np.ndarray:
        """Return [K, 6] float64: left, top, right, bottom in pixels, score, class id."""
        columns = (self.boxes_xyxy, self.scores[:, None], self.class_ids[:, None])
        return np.concatenate(columns, 1, dtype=np.float64)

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with one row per detection.

        Returns:
            Columns xmin, ymin, xmax, ymax in pixels, confidence in 0-1, class (the id) and
            name: those of YOLOv5's results.

        Raises:
            UsageError: pandas is not installed.
        """
        pandas = import_extra("pandas", extra="pandas")
        boxes = np.asarray(self.boxes_xyxy, np.float64)
        return pandas.DataFrame(
            {name: boxes[:, index] for index, name in enumerate(_COORDINATES)}
            | {
                "confidence": np.asarray(self.scores, np.float64),
                "class": np.asarray(self.class_ids, np.int64),
                "name": np.array(self._class_names(), object),
            }
        )

    def to_supervision(self) -> Any:
        """Return `supervision.Detections`.

        Returns:
            xyxy [K, 4] float32 in pixels, confidence [K] float32, class_id [K], and the names
            of the classes as ``data["class_name"]``.

        Raises:
            UsageError: supervision is not installed.
        """
        supervision = import_extra("supervision", extra="supervision")
        return supervision.Detections(
            xyxy=np.asarray(self.boxes_xyxy, np.float32),
            confidence=np.asarray(self.scores, np.float32),
            class_id=np.asarray(self.class_ids, np.int64),
            data={"class_name": np.array(self._class_names(), str)},
        )

    def _class_names(self) -> list[str]:
        return [self.name(class_id) for class_id in self.class_ids.tolist()]

    def draw(
        self,
        image: Picture,
        *,
        line_width: int | None = None,
        font_size: int | None = None,
        boxes: bool = True,
        labels: bool = True,
        scores: bool = True,
    ) -> np.ndarray:
        """Return a copy of the picture with the boxes and their labels drawn on it.

        Args:
            image: the picture in which these were detected, in any form that
                `Detector.__call__` takes.
            line_width, font_size: in pixels; by default they follow the size of the picture.
            boxes, labels: whether to draw them.
            scores: whether labels end with the scores.

        Returns:
            BGR uint8 [H, W, 3].

        Raises:
            ImageError: the picture cannot be opened, or is in another form.
            UsageError: `line_width` or `font_size` is outside of its range; see `DrawingStyle`.
        """
        style = DrawingStyle(
            line_width=line_width, font_size=font_size, boxes=boxes, labels=labels, scores=scores
        )
        return draw_boxes(
            open_picture(image).image,
            self.boxes_xyxy,
            self._class_names(),
            self.class_ids,
            scores=self.scores,
            style=style,
        )

    def visible(self, only: Collection[int] | None = None) -> Detections:
        """Return the detections without hidden classes, whose names start with ``dont_show``.

        Args:
            only: ids of the classes to keep; all by default.
        """
        keep = [
            index
            for index, class_id in enumerate(self.class_ids.tolist())
            if not self.name(class_id).startswith(_HIDDEN_PREFIX)
            and (only is None or class_id in only)
        ]
        return self if len(keep) == len(self) else self.select(keep)

    def first(self, count: int | None) -> Detections:
        """Return the detections with the highest scores.

        Args:
            count: how many at most, 0 or more; None for all.

        Returns:
            The first `count` detections, in the same order.
        """
        return self if count is None or len(self) <= count else self.select(list(range(count)))

    def select(self, indices: list[int]) -> Detections:
        """Return some of the detections.

        Args:
            indices: which ones, each from 0 to K - 1.

        Returns:
            The detections at these indices, in the order of `indices`; size, names and file of
            the picture stay.
        """
        return replace(
            self,
            boxes_xyxy=self.boxes_xyxy[indices],
            scores=self.scores[indices],
            class_ids=self.class_ids[indices],
        )


def _round(value: float) -> float:
    """Round half away from zero, as C's round. Differs: C prints -0 where this gives 0."""
    return math.copysign(math.floor(abs(value) + 0.5), value) + 0.0
