"""Where results go: standard output or a file, in the form that --format names."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from darknet_torch.errors import UsageError
from darknet_torch.files import replacing

if TYPE_CHECKING:
    from darknet_torch.media.frame_batches import Frame
    from darknet_torch.results.detections import Detections

_CLEAR = "\033[H\033[J"  # so that the objects of a video stand in one place of a screen
_SMOOTHING = 0.1  # weight of the newest frame in FPS. Source: demo.c demo
_CSV_COLUMNS = "frame_id filename class_id name confidence left_x top_y width height".split()


class Result(Protocol):
    """What was found in one picture."""

    @property
    def filename(self) -> str: ...

    def lines(self) -> list[str]: ...

    def to_dict(self) -> dict[str, Any]: ...


class Form:
    """How results become text; in this form they are nothing at all."""

    def head(self) -> str:
        """What stands before all results."""
        return ""

    def one(self, shot: Frame, result: Any, milliseconds: float) -> str:
        """The text of one result, whose search took so long."""
        return ""

    def tail(self) -> str:
        """What stands behind them."""
        return ""


class TextForm(Form):
    """Darknet's lines; for frames those of its demo.

    Source: detector.c test_detector, demo.c demo (AlexeyAB). Differs: AVG_FPS is that of the
    whole run; a screen is cleared before each frame, a file is not.
    """

    def __init__(self, *, to_screen: bool) -> None:
        self._clear = _CLEAR if to_screen else ""
        self._start = self._last = time.perf_counter()
        self._frames, self._fps = 0, 0.0

    def one(self, shot: Frame, result: Result, milliseconds: float) -> str:
        lines = result.lines()
        if not shot.source.moving:
            first = f"{result.filename}: Predicted in {milliseconds:f} milli-seconds."
            return "".join(f"{line}\n" for line in (first, *lines))
        head, tail = f"{self._clear}Objects:\n", f"\n{self._rates()}"
        return "".join(f"{line}\n" for line in (head, *lines, tail))

    def _rates(self) -> str:
        now = time.perf_counter()
        spent, self._last = now - self._last, now
        self._frames += 1
        self._fps += _SMOOTHING * (1 / max(spent, 1e-9) - self._fps)
        average = self._frames / max(now - self._start, 1e-9)
        return f"FPS:{self._fps:.1f} \t AVG_FPS:{average:.1f}"


class JsonForm(Form):
    """One array with an object for each picture."""

    def __init__(self) -> None:
        self._comma = ""

    def head(self) -> str:
        return "[\n"

    def one(self, shot: Frame, result: Result, milliseconds: float) -> str:
        comma, self._comma = self._comma, ",\n"
        return comma + json.dumps(result.to_dict(), ensure_ascii=False, indent=1)

    def tail(self) -> str:
        return "\n]\n"


class JsonLinesForm(Form):
    """An object for each picture, on a line of its own."""

    def one(self, shot: Frame, result: Result, milliseconds: float) -> str:
        return json.dumps(result.to_dict(), ensure_ascii=False) + "\n"


class CsvForm(Form):
    """A line for each detection, boxes in pixels."""

    def head(self) -> str:
        return _csv_text([_CSV_COLUMNS])

    def one(self, shot: Frame, result: Detections, milliseconds: float) -> str:
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


class CocoForm(Form):
    """COCO's results file.

    Args:
        classes: how many the network has.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._found: list[Detections] = []

    def one(self, shot: Frame, result: Detections, milliseconds: float) -> str:
        self._found.append(result)
        return ""

    def tail(self) -> str:
        from darknet_torch.evaluation.coco import box_records, usual_category_ids
        from darknet_torch.evaluation.ground_truth import picture_ids

        ids = picture_ids([Path(found.filename).stem for found in self._found])
        categories = usual_category_ids(self._classes)
        records = [
            record
            for found, picture_id in zip(self._found, ids, strict=True)
            for record in box_records(
                [picture_id] * len(found),
                [categories[class_id] for class_id in found.class_ids],
                found.boxes_inside,
                found.scores,
            )
        ]
        return json.dumps(records) + "\n"


def find_form(name: str, out: str | None, classes: int) -> Form:
    """The form that --format names; ``txt`` goes into files of its own, see `labels`."""
    if name == "text":
        return TextForm(to_screen=out in (None, "-") and sys.stdout.isatty())
    if name == "coco":
        return CocoForm(classes)
    kinds: dict[str, type[Form]] = {
        "json": JsonForm,
        "jsonl": JsonLinesForm,
        "csv": CsvForm,
        "txt": Form,
    }
    return kinds[name]()


class Output:
    """Results in a form, to standard output as they come, or to a file whole or not at all.

    Use it in a `with` block, at whose end the file is there.

    Args:
        form: how they become text.
        out: a file; standard output if None or ``-``.

    Raises:
        UsageError: the file cannot be written.
    """

    def __init__(self, form: Form, out: str | None) -> None:
        self._form, self._out = form, None if out == "-" else out
        self._stack = ExitStack()

    def __enter__(self) -> Output:
        if self._out is not None:
            with self._writing(self._out):
                self._file = self._stack.enter_context(replacing(Path(self._out)))
        self._print(self._form.head())
        return self

    def __exit__(self, *error: Any) -> None:
        if self._out is None:
            self._print(self._form.tail())
            return
        if error[0] is None:
            self._print(self._form.tail())
        with self._writing(self._out):
            self._stack.__exit__(*error)

    def write(self, shot: Frame, result: Result, milliseconds: float) -> None:
        """The result of one picture, whose search took so long."""
        self._print(self._form.one(shot, result, milliseconds))

    def _print(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")  # names of files may be any bytes
        if self._out is None:
            click.echo(data, nl=False)  # and flushes: a pipe's reader waits for it
        else:
            with self._writing(self._out):
                self._file.write(data)

    @contextmanager
    def _writing(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"cannot be written ({error.strerror})", where=path) from None
