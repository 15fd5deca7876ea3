"""A training from its first line to its last file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from darknet_torch.cfg.dialect import find_dialect, without_bugs
from darknet_torch.datasets.model import Problem
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.model.loading import build, fill, find_device
from darknet_torch.model.network import Network
from darknet_torch.training.batches import Batches, TrainBatch
from darknet_torch.training.distributed import Processes
from darknet_torch.training.multiscale import MultiScale
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.problem_log import Problems
from darknet_torch.training.progress import Progress
from darknet_torch.training.saving import STATE, Saver, keep_cfg, resume
from darknet_torch.training.sources import CLASSIFIER, DETECTOR, TrainingData, open_training_data
from darknet_torch.training.trainer import Trainer
from darknet_torch.training.validation import Score, classifier_score_of, detector_score
from darknet_torch.training.without_effect import warn_ignored_options

_MAP_EPOCHS = 4  # detector.c mAP_epochs
_MAP_LEAST = 100  # iterations between two


class Listener(Protocol):
    """Who is told how a training goes."""

    def say(self, text: str) -> None:
        """A remark."""

    def iteration(self, line: str, details: list[str]) -> None:
        """An update of the weights."""

    def problem(self, problem: Problem) -> None:
        """Something wrong in the data."""

    def score(self, score: Score) -> None:
        """How good the network is."""


@dataclass
class Run:
    """A training that is about to start.

    Attributes:
        plan: what to do.
        network: on its device.
        material: what it learns from.
    """

    plan: TrainPlan
    network: Network
    material: TrainingData
    trainer: Trainer
    scales: MultiScale


def prepare(plan: TrainPlan, processes: Processes | None = None) -> Run:
    """Everything that a training needs, opened and checked.

    Raises:
        CfgError, WeightsError, UsageError, NamesError: as what is opened.
    """
    # Processes share the first one's weights, not its dropout.
    torch.manual_seed(plan.seed + (processes.rank if processes else 0))
    network = start_network(plan)
    if not network.net.max_batches:
        raise CfgError(
            "[net] does not say how long to train",
            where=network.net.where,
            expected="max_batches=",
            got="none",
            fix="write max_batches= there, or say --max-batches",
        )
    warn_ignored_options(network)
    material = open_training_data(network, plan)
    precision = getattr(torch, plan.precision)
    trainer = Trainer(
        network.to(find_device(plan.device)),
        autocast=None if precision is torch.float32 else precision,
        in_order=plan.in_order,
        processes=processes,
    )
    if plan.resume:
        resume(plan, trainer)
    last = network.net.max_batches
    if trainer.iteration >= last:
        raise UsageError(
            "nothing is left to learn",
            where=plan.weights or plan.cfg,
            expected=f"weights that have seen fewer than max_batches={last} iterations",
            got=trainer.iteration,
            fix="--clear starts to count again, as does a larger max_batches=",
        )
    scales = MultiScale.of(network.net, network.dialect, seed=plan.seed, random=material.random)
    return Run(plan, network, material, trainer, scales)


def start_network(plan: TrainPlan) -> Network:
    """The network of a plan with the values that it starts from.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`.
    """
    dialect = find_dialect(plan.dialect)
    network = build(
        plan.cfg,
        width=plan.width,
        height=plan.height,
        batch=plan.batch,
        subdivisions=plan.subdivisions,
        max_batches=plan.max_batches,
        dialect=without_bugs(dialect) if plan.mend else dialect,
    )
    weights = str(plan.path("_last.weights")) if plan.resume else plan.weights
    if weights is None:
        network.initialize()
    else:
        fill(network, weights, strict=True)
    if plan.clear or weights is None:
        network.header = type(network.header)(*network.dialect.file_version)
    if plan.bn_momentum is not None:
        for module in network.modules():
            if isinstance(module, Normalization):
                module.rolling_step = plan.bn_momentum
    return network


def train(run: Run, listener: Listener) -> Score | None:
    """Learn until max_batches; returns the last score, if there were any.

    Weights are written to the folder of the plan; an interruption or an error leaves the last
    ones that were good.

    Raises:
        TrainingError: the loss is not finite any more.
        UsageError: nothing of the data can be used, or weights cannot be written.
    """
    plan, trainer, first = run.plan, run.trainer, run.trainer.processes.is_first
    saver = Saver(plan, trainer)
    if first:
        plan.save()
        keep_cfg(plan)
    judge = _Judge(run, saver, listener)
    progress = Progress(run.network, trainer.batch * trainer.processes.count)
    problems = Problems()
    _tell(problems, listener, (*run.material.problems, *run.material.source.problems))
    last = run.network.net.max_batches
    with closing(_batches(run, last)) as batches:
        try:
            while trainer.iteration < last:
                parts = _moved(batches, run, problems, listener)
                update = trainer.train_batch(islice(parts, run.network.net.subdivisions))
                if first:
                    listener.iteration(progress.line(update), progress.head_lines(update))
                trainer.processes.average_statistics(run.network)
                saver.after(trainer.iteration)
                judge.after(trainer.iteration)
        except KeyboardInterrupt:
            if first:
                saver.last()
                listener.say(f"stopped; {plan.path('_last.weights')} and {plan.path(STATE)} go on")
            raise
    if first:
        saver.weights("_final.weights")
        _sum_up(problems, listener)
    return judge.last


def first_batch(run: Run) -> TrainBatch:
    """What the network would see first."""
    with closing(_batches(run, run.trainer.iteration + 1)) as batches:
        return next(batches)


def _batches(run: Run, last: int) -> Generator[TrainBatch]:
    net, plan, processes = run.network.net, run.plan, run.trainer.processes
    yield from Batches(
        run.material.source,
        batch=net.batch * processes.count,
        subdivisions=net.subdivisions,
        time_steps=net.time_steps,
        seed=plan.seed,
        start=run.trainer.iteration,
        stop=last,
        size_of=run.scales.size_of,
        mini_batch_of=run.scales.mini_batch_of if run.scales.dynamic else None,
        workers=plan.workers,
        rank=processes.rank,
        world_size=processes.count,
        pin_memory=next(run.network.parameters()).is_cuda,
    )


def _moved(
    batches: Iterator[TrainBatch], run: Run, problems: Problems, listener: Listener
) -> Iterator[tuple[Tensor, Tensor, list[str]]]:
    """Mini-batches on the network's device, their problems told."""
    device = next(run.network.parameters()).device
    for batch in batches:
        _tell(problems, listener, batch.problems)
        for stream in batch.restarts:
            for layer in run.network.layers:
                layer.reset_stream_state(stream)
        yield (
            batch.images.to(device, non_blocking=True),
            batch.truths.to(device, non_blocking=True),
            batch.paths,
        )


def _tell(
    problems: Problems, listener: Listener, found: list[Problem] | tuple[Problem, ...]
) -> None:
    for problem in problems.add(found):
        listener.problem(problem)


def _sum_up(problems: Problems, listener: Listener) -> None:
    if problems.counts:
        counts = ", ".join(f"{count} x {kind}" for kind, count in problems.counts.items())
        listener.say(f"problems in the data: {counts}")


class _Judge:
    """Judges the network now and then, and keeps the best weights.

    Source: detector.c train_detector (AlexeyAB), its calc_map_for_each.
    """

    def __init__(self, run: Run, saver: Saver, listener: Listener) -> None:
        self.run, self.saver, self.listener = run, saver, listener
        self.best = -1.0
        self.last: Score | None = None
        self.at = run.trainer.iteration

    def _judge(self) -> Callable[[], Score] | None:
        material, plan, network = self.run.material, self.run.plan, self.run.network
        if not self.run.trainer.processes.is_first:
            return None
        if material.kind == DETECTOR and material.valid is not None:
            valid = material.valid
            return lambda: detector_score(network, valid, iou=plan.iou, workers=plan.workers)
        if material.kind == CLASSIFIER and material.valid_pictures is not None:
            pictures = material.valid_pictures
            return lambda: classifier_score_of(network, pictures, workers=plan.workers)
        return None

    def after(self, iteration: int) -> None:
        """Judge if it is time."""
        judge, net = self._judge(), self.run.network.net
        per_iteration = self.run.trainer.batch * self.run.trainer.processes.count
        every = max(_MAP_EPOCHS * self.run.material.pictures // per_iteration, _MAP_LEAST)
        due = max(self.at + every, net.burn_in)
        if judge is None or (iteration < due and iteration != net.max_batches):
            return
        self.at = iteration
        self.last = judge()
        self.listener.score(self.last)
        if self.last.value >= self.best:
            self.best = self.last.value
            self.saver.weights("_best.weights")
