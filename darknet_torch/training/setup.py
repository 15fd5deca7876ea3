"""From a plan to a training that is ready to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from darknet_torch.cpu.cores import threads_to_compute
from darknet_torch.errors import UsageError, warn
from darknet_torch.losses.class_weights import with_class_weights
from darknet_torch.losses.registry import DARKNET_LOSSES, LossFamily, assigners_of
from darknet_torch.model.loading import find_device
from darknet_torch.model.network import Network
from darknet_torch.ops.precision import Precision
from darknet_torch.training.aspect_ratios import ShapedSizes
from darknet_torch.training.batch_sizes import batch_size
from darknet_torch.training.batches import Batches, TrainBatch
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.checkpoint_pair import SavedRun, find_saved_run
from darknet_torch.training.checkpoints import Checkpoints, resume
from darknet_torch.training.contention import ContentionWarning
from darknet_torch.training.data import (
    CLASSIFIER,
    DETECTOR,
    TEXT,
    TrainingData,
    keeping_pictures,
    open_training_data,
)
from darknet_torch.training.distributed import Processes
from darknet_torch.training.early_end import early_ends
from darknet_torch.training.evaluation import PeriodicEvaluation, Score, periodic_evaluation
from darknet_torch.training.evaluation_rules import check_kind
from darknet_torch.training.evaluators import find_evaluator
from darknet_torch.training.kept_files import names_to_keep
from darknet_torch.training.learning_rate import LearningRate, learning_rate
from darknet_torch.training.loop import TrainingLoop
from darknet_torch.training.losses import losses_of
from darknet_torch.training.multiscale import InputSizes, MultiScale
from darknet_torch.training.net_options import with_net_options
from darknet_torch.training.outcome import LossHistory, Outcome
from darknet_torch.training.phase_changes import (
    PhaseChanges,
    check_frozen_are_filled,
    check_sizes,
    note_nothing_is_held,
    sizes_of_phases,
)
from darknet_torch.training.phases import lengthened, phases_of
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.plan_network import build_at, build_of_plan, start_network
from darknet_torch.training.problem_log import ProblemSummary
from darknet_torch.training.records.every import records
from darknet_torch.training.run_folder import check_free, locked
from darknet_torch.training.run_record import RunRecord
from darknet_torch.training.run_report import RunReport
from darknet_torch.training.scaling import check_has_end
from darknet_torch.training.schedules.given import given_function
from darknet_torch.training.start_checks import Start, check_start, faults_named_together

# Options of experiments in the C code that change nothing in a training here.
IGNORED_NET_OPTIONS = ("adversarial_lr", "attention", "weights_reject_freq", "unsupervised")
IGNORED_CONVOLUTION_OPTIONS = (
    *("sway", "rotate", "stretch", "stretch_sway", "reverse", "coordconv"),
    "assisted_excitation",
)


@dataclass(frozen=True)
class Training:
    """A training that is ready to run.

    Attributes:
        plan: what to do.
        data: what to train on.
        sizes: the size of the network's input in each iteration.
        loop: the network, its optimizer and the state of the training.
        evaluation: the callback that evaluates, None without validation data.
        checkpoints: the callback that saves.
        history: the callback that keeps the losses.
        changes: the callback that begins phases.
        report: the callback that says what the run starts from and what came out.
    """

    plan: TrainPlan
    data: TrainingData
    sizes: InputSizes
    loop: TrainingLoop
    evaluation: PeriodicEvaluation | None
    checkpoints: Checkpoints
    history: LossHistory
    report: RunReport
    changes: PhaseChanges

    @property
    def network(self) -> Network:
        """The network in training."""
        return self.loop.network

    def run(self) -> Score | None:
        """Train until max_batches, or until what ends the training early.

        Returns:
            The last score, None without evaluations.

        Raises:
            DivergenceError: the loss is not finite any more.
            UsageError: nothing of the data can be used, a file cannot be written, another run
                writes to the same folder, or has left its weights there.
            KeyboardInterrupt: the user stopped it; the last complete iteration is saved.
        """
        batches = self._batches(self.network.net.max_batches).unconverted()
        with self._own_folder(), self._keeping_pictures(), closing(batches):
            self.report_problems()
            self.loop.run(batches)
        return self._last_score

    @property
    def _last_score(self) -> Score | None:
        return self.evaluation.last if self.evaluation else None

    def report_problems(self) -> None:
        """Report the faults in the data that are known before the first iteration."""
        data = self.data
        self.loop.problems.add(faults_named_together(self.network, data))
        self.loop.report_problems((*data.problems, *data.source.problems, *data.valid_problems))

    def outcome(self) -> Outcome:
        """The numbers that the training has given so far."""
        return Outcome(
            iterations=self.loop.iteration,
            losses=tuple(self.history.losses),
            best_score=best[0] if (best := self.loop.scores.best) else None,
            last_score=last.value if (last := self._last_score) else None,
            names=self.data.names,
        )

    @contextmanager
    def _own_folder(self) -> Iterator[None]:
        """Let the first process alone write to the folder of the run."""
        if not self.loop.processes.is_first:
            yield
            return
        folder = Path(self.plan.backup)
        with locked(folder, lambda text: self.loop.events.on_message(self.loop, text)):
            if not (self.plan.resume or self.plan.overwrite):
                check_free(folder, self.plan.base)
            yield

    def _keeping_pictures(self) -> AbstractContextManager[None]:
        return keeping_pictures(self.data.source, partial(self.loop.events.on_message, self.loop))

    def first_batch(self) -> TrainBatch:
        """The first mini-batch that the network would see."""
        with closing(self._batches(self.loop.iteration + 1).__iter__()) as batches:
            return next(batches)

    def _batches(self, stop: int) -> Batches:
        """The mini-batches from the loop's iteration to `stop`, excluded."""
        batches = batches_of(
            self.network,
            self.data,
            self.sizes,
            self.plan,
            self.loop.processes,
            start=self.loop.iteration,
            losses=self.loop.forward.losses,
        )
        on_wait = partial(self.loop.events.on_waiting, self.loop)
        return replace(batches, stop=stop, on_wait=on_wait)


def batches_of(
    network: Network,
    data: TrainingData,
    sizes: InputSizes,
    plan: TrainPlan,
    processes: Processes | None = None,
    *,
    start: int,
    losses: LossFamily = DARKNET_LOSSES,
) -> Batches:
    """The mini-batches of a plan without an end.

    Args:
        network: takes them.
        data: what they are made of.
        sizes: the size of the network's input in each iteration.
        plan: says the seed and the number of workers.
        processes: those that share them.
        start: the first iteration, from 0.
        losses: what the network is trained by.
    """
    net, processes = network.net, processes or Processes()
    return Batches(
        data.source,
        batch=net.batch * processes.count,
        subdivisions=net.subdivisions,
        time_steps=net.time_steps,
        seed=plan.seed,
        start=start,
        size_of=sizes.size_of,
        mini_batch_of=sizes.mini_batch_of if sizes.dynamic else None,
        workers=plan.workers,
        rank=processes.rank,
        world_size=processes.count,
        assigners=assigners_of(network, losses),
        pin_memory=next(network.parameters()).is_cuda,
    )


def prepare(
    plan: TrainPlan, callbacks: Iterable[Callback] = (), processes: Processes | None = None
) -> Training:
    """Open and check everything that the training of `plan` needs.

    PyTorch's number of threads is set to that of the plan; see `darknet_torch.cpu.cores`.

    Args:
        plan: what to do.
        callbacks: called before those that save and evaluate.
        processes: those that train the network together.

    Raises:
        CfgError, WeightsError, UsageError, NamesError: as what is opened raises them.
    """
    # Processes share the weights of the first one, not its dropout.
    processes = processes or Processes()
    torch.manual_seed(plan.seed + processes.rank)
    plan = _with_threads(with_net_options(plan, processes), processes)
    saved = find_saved_run(plan) if plan.resume else None
    network, loaded = (build_of_plan(plan), None) if saved else start_network(plan)
    check_has_end(network.net)
    warn_ignored_options(network)
    data = open_training_data(network, plan)
    losses = _with_class_weights(losses_of(plan, network), data)
    evaluation = periodic_evaluation(find_evaluator(network, data, plan), data, plan)
    check_kind(plan, detects=data.kind == DETECTOR, classifies=data.kind == CLASSIFIER)
    callbacks, phases = tuple(callbacks), phases_of(plan)
    rate = _rate_of(plan, network, data, processes, callbacks, evaluates=evaluation is not None)
    changes = PhaseChanges(phases, network)
    check_sizes(changes, network, partial(build_at, plan))
    record = RunRecord.of_run(network, plan, data, processes)
    checkpoints = Checkpoints(plan, record, saved, names_to_keep(data.names, network))
    history, recorded = LossHistory(), records(plan, data)
    report = RunReport(plan, data, loaded, resumed=saved is not None, phases=changes.lines())
    loop = TrainingLoop(
        network.to(find_device(plan.device)),
        callbacks=(
            changes,
            *rate.followers,  # before one that may stop the training
            *recorded.first,
            *callbacks,
            checkpoints,
            *((evaluation,) if evaluation else ()),
            *early_ends(plan),
            ProblemSummary(),
            ContentionWarning(),
            history,
            report,
            *recorded.last,
        ),
        precision=Precision.named(plan.precision),
        checkpoint_activations=plan.checkpoint_activations,
        losses=losses,
        rate=rate,
        optimizer=plan.optimizer,
        clip_norm=plan.clip_norm,
        phases=phases,
        processes=processes,
        seed=plan.seed,
        pictures=0 if data.kind == TEXT else data.pictures,
    )
    if saved:
        resume(saved, loop, record)
    _check_unfinished(loop, plan, saved)
    missing = range(len(network.layers)) if loaded is None else loaded.missing
    check_frozen_are_filled(changes, network, () if saved else missing, loop.iteration)
    if loop.processes.is_first:
        note_nothing_is_held(changes, network, loop.iteration)
        check_start(Start(plan, network, data, loop.iteration, rate))
    sizes = _sizes(network, data, plan, changes)
    return Training(plan, data, sizes, loop, evaluation, checkpoints, history, report, changes)


def _rate_of(
    plan: TrainPlan,
    network: Network,
    data: TrainingData,
    processes: Processes,
    callbacks: tuple[Callback, ...],
    *,
    evaluates: bool,
) -> LearningRate:
    """The learning rate of a plan; a function of the caller's is one of the callbacks."""
    return learning_rate(
        plan,
        network.net,
        epoch=data.pictures / (batch_size(network.net) * processes.count),
        evaluates=evaluates,
        function=given_function(callbacks),
        factor=phases_of(plan).factor_at,
    )


def _with_class_weights(losses: LossFamily, data: TrainingData) -> LossFamily:
    return losses if data.class_weights is None else with_class_weights(losses, data.class_weights)


def _sizes(
    network: Network, data: TrainingData, plan: TrainPlan, changes: PhaseChanges
) -> InputSizes:
    net = network.net
    whole = MultiScale.from_options(net, network.dialect, seed=plan.seed, random=data.random)
    sizes = sizes_of_phases(whole, changes)
    if data.shapes is None:
        return sizes
    return ShapedSizes(sizes, data.shapes, plan.seed, net.resize_step)


def _with_threads(plan: TrainPlan, processes: Processes) -> TrainPlan:
    """Set PyTorch's number of threads, and return the plan with it."""
    threads = threads_to_compute(plan.threads, processes.count)
    torch.set_num_threads(threads)
    return replace(plan, threads=threads)


def _check_unfinished(loop: TrainingLoop, plan: TrainPlan, saved: SavedRun | None) -> None:
    last = loop.network.net.max_batches
    if loop.iteration < last:
        return
    if saved and loop.iteration == last:
        return  # killed before the final weights were written, or complete
    if saved:
        raise UsageError(
            "the run has more iterations already",
            where=saved.state_path,
            expected=f"max_batches={last} at most",
            got=loop.iteration,
            fix=f"{lengthened(plan)} goes on",
        )
    raise UsageError(
        "the training is already complete",
        where=plan.weights or plan.cfg,
        expected=f"weights that have seen fewer than max_batches={last} iterations",
        got=loop.iteration,
        fix=f"--clear starts to count from 0; {lengthened(plan)} goes on",
    )


def warn_ignored_options(network: Network) -> None:
    """Warn of the options that the cfg sets and that change nothing in a training here."""
    for name in IGNORED_NET_OPTIONS:
        if getattr(network.net, name):
            warn(f"{name}= has no effect in training here", where=network.net.where)
    for layer in network.layers:
        for name in IGNORED_CONVOLUTION_OPTIONS:
            if getattr(layer.options, name, False):
                where = layer.options.where
                warn(f"[{layer.section}] {name}= has no effect in training here", where=where)
