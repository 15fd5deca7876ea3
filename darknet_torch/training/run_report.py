"""What a training says of itself: at the start what it has loaded, at the end what came out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.model.weights import LoadReport
from darknet_torch.text import is_file
from darknet_torch.training.box_counts import count_boxes
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.data import (
    CLASSIFIER,
    DETECTOR,
    TEXT,
    TrainingData,
    paths_to_evaluate_on,
    paths_to_train_on,
)
from darknet_torch.training.durations import describe_duration
from darknet_torch.training.phases import lengthened
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.progress import IterationTimer, left_to_report
from darknet_torch.training.run_folder import free_path
from darknet_torch.training.score_history import ScoreHistory

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_MEASURED = 5  # iterations before the expected time is said
_UNLEARNT = (
    "next: train longer, since nothing that the evaluation can measure was learnt yet: --resume "
    "with {longer} goes on; weights to start from (--weights) need fewer iterations"
)
_TRIED = 100  # pictures of which one must exist to be named


class RunReport(Callback):
    """Sends messages about the run: its weights, its data, the time it takes, its results.

    Args:
        plan: what to do.
        data: what to train and to evaluate on.
        loaded: what was read of the weights to start from; None without, or for a resumed run.
        resumed: the run goes on where it was stopped.
        phases: a line about each phase of the training; none for one phase.
        timer: measures the iterations.
    """

    def __init__(
        self,
        plan: TrainPlan,
        data: TrainingData,
        loaded: LoadReport | None,
        *,
        resumed: bool,
        phases: Sequence[str] = (),
        timer: IterationTimer | None = None,
    ) -> None:
        self.plan, self.data, self.loaded, self.resumed = plan, data, loaded, resumed
        self.phases = phases
        self._timer = timer or IterationTimer()
        self._first = 0

    def on_start(self, loop: TrainingLoop) -> None:
        self._first = loop.iteration
        for line in self.start_lines(loop):
            loop.events.on_message(loop, line)
        self._timer.start()

    def start_lines(self, loop: TrainingLoop) -> list[str]:
        """What the run starts from, its data, its network, and the scores so far."""
        return [
            *(() if self.resumed else (describe_start(loop, self.loaded),)),
            describe_data(loop, self.data, self.plan),
            describe_network(loop, self.data),
            *self.phases,
            *_describe_scores(loop.scores, "so far: "),
        ]

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        self._timer.pause()

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        self._timer.add_iteration(left_to_report(loop, update))
        last, seconds = loop.network.net.max_batches, self._timer.seconds
        if update.iteration == self._first + _MEASURED < last and seconds is not None:
            expected = describe_duration((last - self._first) * seconds)
            loop.events.on_message(loop, f"expected: {expected}, from {_MEASURED} iterations")

    def is_due(self, loop: TrainingLoop) -> bool:
        return False

    def on_end(self, loop: TrainingLoop) -> None:
        final, best = (self.plan.path(f"_{name}.weights") for name in ("final", "best"))
        lines = [*_describe_scores(loop.scores), f"the last weights are in {final}"]
        evaluated = loop.scores.best is not None
        if evaluated:
            lines[-1] += f", the best in {best}"
        weights, iteration = final, loop.iteration
        if loop.scores.best is not None and best.exists():
            weights, iteration = best, loop.scores.best[1]
        learnt = loop.scores.last is None or loop.scores.best is not None
        lines.append(
            f"next: {next_command(_with_size_at(self.plan, loop, iteration), self.data, weights)}"
            if learnt
            else _UNLEARNT.format(longer=lengthened(self.plan))
        )
        for line in lines:
            loop.events.on_message(loop, line)


def describe_start(loop: TrainingLoop, loaded: LoadReport | None) -> str:
    """Say which layers come from a weight file, and at which iteration a new run starts."""
    total = len(loop.network.layers)
    if loaded is None:
        return f"all {total} layers start from random numbers"
    if loaded.complete:
        text = f"loaded all {total} layers from {loaded.path}"
    else:
        text = (
            f"loaded {loaded.layers} of {loaded.total} layers from {loaded.path}; "
            "the others start from random numbers"
        )
    if not loop.iteration:
        return text
    return f"{text}; it counts on after iteration {loop.iteration} (--clear counts from 0)"


def describe_data(loop: TrainingLoop, data: TrainingData, plan: TrainPlan) -> str:
    """Say how much there is to train and to evaluate on, without what is left out."""
    if data.kind == TEXT:
        return f"{plan.data}: {data.pictures} bytes of text"
    text = f"{plan.data}: training on {data.pictures} pictures"
    classes = loop.network.heads[-1].classes if data.kind == DETECTOR else 0
    if data.kind == DETECTOR:
        text += f", {count_boxes(data.examples, classes).usable} boxes"
    if data.valid is not None:
        pictures = len(data.valid.examples)
        boxes = count_boxes(data.valid_examples, classes).usable
        text += f"; evaluating on {pictures} pictures, {boxes} boxes"
    if data.valid_pictures is not None:
        text += f"; evaluating on {len(data.valid_pictures.paths)} pictures"
    return text


def describe_network(loop: TrainingLoop, data: TrainingData) -> str:
    """Say what the network takes and gives, and what computes it."""
    network, copies = loop.network, loop.processes.count
    device = next(network.parameters()).device
    words = []
    if data.kind != TEXT:
        heads = network.heads
        classes = heads[-1].classes if heads else network.output_layer.output_shape.count
        names = len(data.names) if data.kind == DETECTOR else 0
        but = f" (but {names} class names)" if names not in (0, classes) else ""
        words.append(f"input {network.net.width} x {network.net.height}, {classes} classes{but}")
    what = "texts" if data.kind == TEXT else "pictures"
    length = f"{network.net.max_batches} iterations of {loop.images_per_iteration} {what}"
    words.append(length)
    where = f"on {device}"
    if device.type == "cpu":
        threads = torch.get_num_threads()
        where += f" with {threads} thread{'s' * (threads > 1)}"
    if copies > 1:
        where += f" in each of {copies} processes"
    return ", ".join([*words, where])


def next_command(plan: TrainPlan, data: TrainingData, weights: Path) -> str:
    """The command that uses the trained weights, ready for a shell."""
    model = ["--cfg", str(plan.path(".cfg")), "--weights", str(weights)]
    if data.kind == TEXT:
        return shlex.join(["dtorch", "rnn", "generate", *model])
    if data.kind == DETECTOR:
        model = [str(weights)]  # its cfg and names are found next to it
    sizes = (("--width", plan.width), ("--height", plan.height))
    options = [word for name, size in sizes if size for word in (name, str(size))]
    if plan.dialect != ALEXEYAB.name:
        options += ["--dialect", plan.dialect]
    command = ["dtorch", "classify" if data.kind == CLASSIFIER else "detect", *model, *options]
    save = ["--save", str(free_path("found"))] if data.kind == DETECTOR else []
    return shlex.join([*command, _some_picture(data), *save])


def _with_size_at(plan: TrainPlan, loop: TrainingLoop, iteration: int) -> TrainPlan:
    """The plan with the size that the network had in an iteration, 1 for the first."""
    phase = loop.phases.at(max(0, iteration - 1))
    return replace(plan, width=phase.width or plan.width, height=phase.height or plan.height)


def _describe_scores(scores: ScoreHistory, start: str = "") -> list[str]:
    """A line with the best and the last score; none before the first evaluation."""
    dated = (("best", scores.best), ("last", scores.last))
    found = [(name, *score) for name, score in dated if score is not None]
    words = [f"{name} {100 * value:.2f} % at iteration {at}" for name, value, at in found]
    line = ", ".join(words).replace(" ", f" {scores.measure} ", 1)
    return [f"{start}{line}"] if line else []


def _some_picture(data: TrainingData) -> str:
    """A picture that exists, of the evaluation if there is one."""
    candidates = islice(chain(paths_to_evaluate_on(data), paths_to_train_on(data)), _TRIED)
    return next((str(path) for path in candidates if is_file(path)), "PICTURE")
