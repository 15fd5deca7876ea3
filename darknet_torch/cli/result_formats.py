"""The formats of results that --format names."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from darknet_torch.cli.parameter_types import STANDARD_STREAM
from darknet_torch.media.sources import file_name
from darknet_torch.printable import escape_in_line

if TYPE_CHECKING:
    from darknet_torch.media.frame_batches import Frame
    from darknet_torch.results.detections import Detections

_SMOOTHING = 0.1  # weight of the newest frame in FPS. Source: demo.c demo
_CSV_COLUMNS = "frame_id filename class_id name confidence left_x top_y width height".split()


class Result(Protocol):
    """The result for one picture, such as its detections."""

    @property
    def filename(self) -> str: ...

    def lines(self) -> list[str]: ...

    def to_dict(self) -> dict[str, Any]: ...


class ResultFormat:
    """Turns results into text; this one writes nothing at all."""

    def starts_screen(self, frame: Frame) -> bool:
        """Whether a picture's result stands at the top of an empty screen."""
        return False

    def header(self) -> str:
        """Return the text before all results."""
        return ""

    def format(self, frame: Frame, result: Any, milliseconds: float) -> str:
        """Return the text of one result.

        Args:
            frame: the picture.
            result: the result for it.
            milliseconds: how long that took.
        """
        return ""

    def footer(self) -> str:
        """Return the text after all results."""
        return ""


class TextFormat(ResultFormat):
    """Darknet's lines; for video frames the lines of its demo.

    Args:
        to_screen: clear the screen before each frame of a video, whose objects so stay in place.

    Source: detector.c test_detector, demo.c demo (AlexeyAB). Differs: AVG_FPS is the average of
    the whole run; a screen is cleared before each frame, a file is not.
    """

    def __init__(self, *, to_screen: bool) -> None:
        self._to_screen = to_screen
        self._start = self._last = time.perf_counter()
        self._frames, self._fps = 0, 0.0

    def starts_screen(self, frame: Frame) -> bool:
        return self._to_screen and frame.source.is_video

    def format(self, frame: Frame, result: Result, milliseconds: float) -> str:
        lines = result.lines()
        if not frame.source.is_video:
            name = escape_in_line(result.filename)
            first = f"{name}: Predicted in {milliseconds:f} milli-seconds."
            return "".join(f"{line}\n" for line in (first, *lines))
        first, last = "Objects:\n", f"\n{self._format_rates()}"
        return "".join(f"{line}\n" for line in (first, *lines, last))

    def _format_rates(self) -> str:
        now = time.perf_counter()
        spent, self._last = now - self._last, now
        self._frames += 1
        self._fps += _SMOOTHING * (1 / max(spent, 1e-9) - self._fps)
        average = self._frames / max(now - self._start, 1e-9)
        return f"FPS:{self._fps:.1f} \t AVG_FPS:{average:.1f}"


class JsonFormat(ResultFormat):
    """A JSON array with an object for each picture."""

    def __init__(self) -> None:
        self._comma = ""

    def header(self) -> str:
        return "[\n"

    def format(self, frame: Frame, result: Result, milliseconds: float) -> str:
        comma, self._comma = self._comma, ",\n"
        return comma + json.dumps(result.to_dict(), ensure_ascii=False, indent=1)

    def footer(self) -> str:
        return "\n]\n"


class JsonLinesFormat(ResultFormat):
    """A JSON object for each picture, each on its own line."""

    def format(self, frame: Frame, result: Result, milliseconds: float) -> str:
        return json.dumps(result.to_dict(), ensure_ascii=False) + "\n"


class CsvFormat(ResultFormat):
    """A line for each detection; boxes are in pixels."""

    def header(self) -> str:
        return _csv_text([_CSV_COLUMNS])

    def format(self, frame: Frame, result: Detections, milliseconds: float) -> str:
        rows = zip(result.class_ids.tolist(), result.scores, result.boxes_xyxy, strict=True)
        return _csv_text(
            [
                [result.frame_id, result.filename, class_id, result.name(class_id), f"{score:.6f}"]
                + [f"{v:.2f}" for v in (left, top, right - left, bottom - top)]
                for class_id, score, (left, top, right, bottom) in rows
            ]
        )


def _csv_text(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


class CocoFormat(ResultFormat):
    """COCO's results file.

    Args:
        classes: how many the network has.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._found: list[Detections] = []

    def format(self, frame: Frame, result: Detections, milliseconds: float) -> str:
        self._found.append(result)
        return ""

    def footer(self) -> str:
        from darknet_torch.evaluation.coco import box_records, usual_category_ids
        from darknet_torch.evaluation.ground_truth import picture_ids

        ids = picture_ids([Path(file_name(found.filename)).stem for found in self._found])
        categories = usual_category_ids(self._classes)
        records = [
            record
            for found, picture_id in zip(self._found, ids, strict=True)
            for record in box_records(
                [picture_id] * len(found),
                [categories[class_id] for class_id in found.class_ids],
                found.boxes_xyxy_clipped,
                found.scores,
            )
        ]
        return json.dumps(records) + "\n"


_FORMATS: dict[str, type[ResultFormat]] = {
    "json": JsonFormat,
    "jsonl": JsonLinesFormat,
    "csv": CsvFormat,
    "txt": ResultFormat,  # label files are written apart, see datasets/pseudo_labels.py
}


def create_format(name: str, out: str | None, classes: int) -> ResultFormat:
    """Create the format that --format names.

    Args:
        name: the value of --format.
        out: the value of --out.
        classes: how many classes the network has.
    """
    if name == "text":
        return TextFormat(to_screen=out in (None, STANDARD_STREAM) and sys.stdout.isatty())
    if name == "coco":
        return CocoFormat(classes)
    return _FORMATS[name]()
