"""What the live display of a training shows. Imports rich."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from darknet_torch.training.durations import describe_duration
from darknet_torch.training.score_history import ScoreHistory

_GAP = "   "
_SLOW = 2.0  # seconds of an iteration from which its mini-batches are shown

# What is shown -> the parts that are added up for it.
_DARKNET_PARTS = (("box", ("iou_loss", "uc_loss")), ("object and class", ("class_loss",)))
_CLASSIC_PARTS = (
    *(("box", ("box_loss",)), ("objectness", ("objectness_loss",))),
    ("class", ("class_loss",)),
)

Item = tuple[str, str]  # a name, such as "loss", and its value
Parts = Mapping[int, Mapping[str, float]]  # layer index -> the named numbers of its loss


@dataclass
class TrainingDisplay:
    """The numbers of a training, in rows that fit the terminal's width.

    Attributes:
        max_iterations: iterations in all.
        subdivisions: mini-batches of an iteration.
        images: pictures of an iteration, of all processes.
        iteration: how many are done.
        mini_batches: how many of the next one are done.
        epoch: how many times each picture was seen, None for a network without pictures.
        loss, average_loss: of the last iteration, and their moving average; None at the start.
        rate: the learning rate.
        loss_parts, fit: see `add_losses` and `average_fit`.
        seconds: time of a recent iteration, None before the first.
        evaluated: during an evaluation the pictures done, and all of them; else None.
        scores: of the evaluations.
    """

    max_iterations: int
    subdivisions: int
    images: int
    iteration: int = 0
    mini_batches: int = 0
    epoch: float | None = None
    loss: float | None = None
    average_loss: float | None = None
    rate: float = 0.0
    loss_parts: Sequence[Item] = ()
    fit: Sequence[Item] = ()
    seconds: float | None = None
    evaluated: tuple[int, int] | None = None
    scores: ScoreHistory = field(default_factory=ScoreHistory)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for row in self.rows():
            yield from _lines(row, options.max_width)

    def rows(self) -> list[list[Item]]:
        """The rows, each a list of names and values."""
        rows = [self._progress(), self._losses(), self._fit(), self._scores()]
        return [row for row in rows if row]

    def _progress(self) -> list[Item]:
        row = [("iteration", f"{self.iteration}/{self.max_iterations}")]
        if self.mini_batches and (self.seconds is None or self.seconds >= _SLOW):
            row.append(("mini-batch", f"{self.mini_batches}/{self.subdivisions}"))
        if self.evaluated is not None:
            row.append(("evaluating", "{}/{}".format(*self.evaluated)))
        if self.epoch is not None:
            row.append(("epoch", f"{self.epoch:.1f}"))
        if self.seconds:
            row.append(("images/s", f"{self.images / self.seconds:.1f}"))
            left = self.max_iterations - self.iteration
            row += [("time left", describe_duration(left * self.seconds))] if left else []
        return row

    def _losses(self) -> list[Item]:
        if self.loss is None or self.average_loss is None:
            return []
        return [
            ("loss", f"{self.loss:.4g}"),
            ("average", f"{self.average_loss:.4g}"),
            *self.loss_parts,
        ]

    def _fit(self) -> list[Item]:
        return [] if self.loss is None else [*self.fit, ("rate", f"{self.rate:.1e}")]

    def _scores(self) -> list[Item]:
        scores = self.scores
        return [
            (name, f"{100 * score[0]:.2f} % at {score[1]}")
            for name, score in ((f"last {scores.measure}", scores.last), ("best", scores.best))
            if score is not None
        ]


def add_losses(parts: Parts) -> list[Item]:
    """The parts of the loss that the layers report, added up over the layers.

    Darknet's iou_loss (and uc_loss) are of the box, its class_loss is of objectness and classes;
    that of the classic losses is of classes alone.
    """
    is_classic = any("objectness_loss" in head for head in parts.values())
    return [
        (name, f"{sum(head.get(key, 0.0) for head in parts.values() for key in keys):.4g}")
        for name, keys in (_CLASSIC_PARTS if is_classic else _DARKNET_PARTS)
        if any(keys[0] in head for head in parts.values())
    ]


def average_fit(parts: Parts) -> list[Item]:
    """IoU and recall of the boxes, means over all boxes; and the accuracy of tracking."""
    heads = [head for head in parts.values() if {"iou", "recall", "count"} <= set(head)]
    count = sum(head["count"] for head in heads)
    means = [
        (name, f"{sum(head[key] * head['count'] for head in heads) / count:.2f}")
        for name, key in (("IoU", "iou"), ("recall", "recall"))
        if count
    ]
    tracked = [head["accuracy"] for head in parts.values() if "accuracy" in head]
    return means + [("tracking accuracy", f"{accuracy:.1f} %") for accuracy in tracked]


def _lines(row: Sequence[Item], width: int) -> list[Text]:
    """The items of a row, on as many lines as they need; a line that is too long is cut."""
    lines = [Text(no_wrap=True, overflow="crop")]
    for name, value in row:
        item = Text.assemble((f"{name} ", "dim"), (value, "bold"))
        if lines[-1] and len(lines[-1]) + len(_GAP) + len(item) > width:
            lines.append(Text(no_wrap=True, overflow="crop"))
        lines[-1].append(_GAP if lines[-1] else "").append_text(item)
    return lines
