"""Training from Python."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from darknet_torch.errors import ArgumentError
from darknet_torch.model.network import Network
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.launch import launch
from darknet_torch.training.line_log import IssueWarnings, LineLog
from darknet_torch.training.option_values import Flag, PathOrName
from darknet_torch.training.options import parse_option, parse_options
from darknet_torch.training.outcome import Outcome
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.plan_network import trained_network
from darknet_torch.training.planning import check_folder, find_devices, plan_training
from darknet_torch.training.run_folder import LAST, WEIGHTS, removed_if_empty
from darknet_torch.training.schedules.given import Given, GivenSchedule
from darknet_torch.training.setup import prepare


@dataclass(frozen=True)
class TrainResult:
    """What a training gave.

    Attributes:
        network: the trained network in evaluation mode, on the device of the training: the
            weights of ``_final.weights``, which are their moving average with ema_alpha= in the
            cfg. ``darknet_torch.Detector(result.network, names=result.names)`` detects with it.
        names: of the classes; empty if the data set has none.
        folder: the folder of the run and all of its files.
        final_weights: the weights after the last iteration, of a training that ended early, too.
        last_weights: the same weights, together with the state that resume=True continues.
        best_weights: those of the best score; None without a score above 0.
        iterations: updates of the weights in all, those before a stop included.
        losses: the loss of each iteration of this call, as Darknet prints it: a mean per input.
        best_score: mAP of a detector or accuracy of a classifier in 0-1, the best of the run;
            None without evaluations (map=True), and as long as all give 0.
        last_score: the same at the last evaluation of this call.
    """

    network: Network = field(repr=False)
    names: tuple[str, ...]
    folder: Path
    final_weights: Path
    last_weights: Path
    best_weights: Path | None
    iterations: int
    losses: tuple[float, ...] = field(repr=False)
    best_score: float | None
    last_score: float | None


def train(
    cfg: str | os.PathLike[str],
    data: str | os.PathLike[str],
    *,
    weights: str | os.PathLike[str] | None = None,
    callbacks: Iterable[Callback] = (),
    verbose: bool = False,
    **options: Any,
) -> TrainResult:
    """Train a network from its cfg, as the command ``dtorch train`` does.

    The run has the same folder and files (runs/<cfg>, runs/<cfg>-2, ...), the same checks before
    its first iteration, and the same weights as that of the command. Nothing is printed by
    default. Warnings are Python's own: ``warnings.simplefilter("error", CfgWarning)`` does what
    ``--strict`` does. PyTorch's number of threads is set for the run, and set back afterwards.

    Args:
        cfg: path of a cfg, or the name of a shipped one, such as "yolov3-tiny".
        data: path of a data set, as --data takes it.
        weights: path of the weights to start from, or the name of downloaded ones; None: random
            numbers.
        callbacks: called at the events of the training, see `Callback`. With several processes
            they are copied to each of them, and those here hear nothing.
        verbose: print Darknet's line for each iteration, scores and messages.
        options: any of the following. All but `gpus` and `processes` are fields of `TrainPlan`,
            whose defaults they have; None stands for an option that is not given.

            backup: folder of the run. resume, overwrite, clear: True or False.
            max_batches, epochs, batch, subdivisions, width, height, overfit, save_every,
            processes, threads, map_every: 1 or more. save_last, seed, workers: 0 or more.
            learning_rate: above 0. bn_momentum, iou: 0-1. scale_schedule: True or False.
            patience: 1 or more. time_limit: seconds, or "2h", "90m". criterion: "map50" or
            "map50-95". label_smoothing: 0-1.
            map: evaluate at intervals, and keep the best weights. exif: True or False.
            augment: "cfg" (or True), "none" (or False), a YAML file of steps, or "FILE.py:NAME",
            whose code runs; see docs/augmentation.md.
            split, valid_split: lists of the data set. names, images: paths. voc_origin: 0 or 1.
            limit: 1 or more. balance: "weights" or "oversample". rect: True or False. cache: "ram"
            or "disk".
            device: "auto" (the default: a GPU if there is one), "cpu", "cuda", "cuda:N", "mps",
            or a torch.device. gpus: numbers of GPUs, such as [0, 1], for a process on each.
            freeze: a number of layers, or "backbone". unfreeze: a number of layers, 1 or more.
            freeze_bn: True or False. phase: texts such as "500:freeze=backbone". See
            docs/transfer-learning.md.
            precision: "float32", "tf32", "bfloat16" or "float16", see docs/training.md. dialect:
            "alexeyab", "pjreddie" or "alexeyab-cuda". darknet_bugs: "fix" or "reproduce".
            tensorboard, exact_order, checkpoint_activations, allow_large: True or False.
            normalize: "zero-one", "imagenet" or "per-picture". fill: "0.5", "imagenet" or
            "picture". See docs/preprocessing.md.
            loss: "darknet" or "classic", whose parts are chosen by box_loss, objectness_target,
            assign, assign_several, class_loss, positive_weight, loss_weights: docs/losses.md.
            optimizer: "sgd", "adam" or "adamw". clip_norm: above 0. schedule, warmup: such as
            "cosine" and "linear:epochs=3", see docs/schedules.md; schedule may be a function,
            too, which takes the number of an update, 1 for the first, and returns its rate.

    Raises:
        ArgumentError: no such option, or an argument of a wrong type; also a TypeError.
        UsageError: a value out of its bounds; something is missing; the folder holds weights of
            an earlier run.
        CfgError, WeightsError, NamesError: the cfg, the weights or the names cannot be used.
        TrainingError: the loss is not finite any more, or a process failed.
        KeyboardInterrupt: the user stopped it; the last complete iteration is saved, and
            resume=True continues from there, with the options of that run where none is given.

    Source: detector.c train_detector, classifier.c train_classifier (AlexeyAB).
    """
    cfg, data = (
        parse_option(name, value, PathOrName()) for name, value in (("cfg", cfg), ("data", data))
    )
    verbose = parse_option("verbose", verbose, Flag())
    options, function = _without_function(options)
    given = parse_options({"weights": weights, **options}, also=("callbacks", "verbose"))
    log = (LineLog(),) if verbose else ()
    made = _GivenCallbacks((IssueWarnings(), *log, *function, *_checked(callbacks)))
    devices = find_devices(given.get("device", "auto"), given.get("gpus"), given.get("processes"))
    if len(devices) > 1:
        made.check_picklable()
    plan = plan_training(cfg, data, given)
    with removed_if_empty(Path(plan.backup)):
        check_folder(plan)
        network, outcome = _run(plan, devices, made)
    return _result(plan, network, outcome)


def _without_function(
    options: Mapping[str, Any],
) -> tuple[dict[str, Any], tuple[GivenSchedule, ...]]:
    """Take a function out of schedule=, which the plan does not keep."""
    schedule = options.get("schedule")
    if not callable(schedule):
        return dict(options), ()
    return {**options, "schedule": Given.name}, (GivenSchedule(schedule),)


def _run(plan: TrainPlan, devices: list[str], made: _GivenCallbacks) -> tuple[Network, Outcome]:
    """Train, and return the trained network with the numbers of the training."""
    if len(devices) > 1:
        outcome = launch(plan, devices, made)
        return trained_network(replace(plan, device=devices[0])), outcome
    with _threads_kept():
        training = prepare(replace(plan, device=devices[0]), made())
        training.run()
    return training.network, training.outcome()


def _result(plan: TrainPlan, network: Network, outcome: Outcome) -> TrainResult:
    best = plan.path(f"_best{WEIGHTS}")
    network.reset_state()
    # As of a network that was read from the file: another order in memory rounds differently.
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    network.names = outcome.names
    return TrainResult(
        network=network.eval(),
        names=outcome.names,
        folder=Path(plan.backup),
        final_weights=plan.path(f"_final{WEIGHTS}"),
        last_weights=plan.path(f"{LAST}{WEIGHTS}"),
        best_weights=None if outcome.best_score is None else best,
        iterations=outcome.iterations,
        losses=outcome.losses,
        best_score=outcome.best_score,
        last_score=outcome.last_score,
    )


@dataclass(frozen=True)
class _GivenCallbacks:
    """Hands out callbacks; its copy in another process hands out copies."""

    callbacks: tuple[Callback, ...]

    def __call__(self) -> tuple[Callback, ...]:
        return self.callbacks

    def check_picklable(self) -> None:
        """Check that the callbacks can be sent to another process.

        Raises:
            ArgumentError: one cannot.
        """
        for callback in self.callbacks:
            try:
                pickle.dumps(callback)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                is_function = isinstance(callback, GivenSchedule)
                what = "the function of schedule=" if is_function else "a callback"
                raise ArgumentError(
                    f"{what} cannot be sent to the processes that train",
                    where=None if is_function else type(callback).__name__,
                    expected="a function of a module"
                    if is_function
                    else "an object of a class of a module, with attributes that pickle takes",
                    got=str(error),
                    fix="train in one process, without gpus= and processes=",
                ) from None


def _checked(callbacks: Iterable[Callback]) -> tuple[Callback, ...]:
    """The callbacks, if they are some.

    Raises:
        ArgumentError: they are not a list of `Callback` objects.
    """
    found = tuple(callbacks) if isinstance(callbacks, Iterable) else (callbacks,)
    wrong = [one for one in found if not isinstance(one, Callback)]
    if isinstance(callbacks, Iterable) and not wrong:
        return found
    got = wrong[0] if wrong else callbacks
    raise ArgumentError(
        "callbacks= is of a wrong type",
        expected="a list of objects of subclasses of darknet_torch.Callback",
        got=repr(got),
        fix=f"give an object, {got.__name__}()" if isinstance(got, type) else None,
    )


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Set PyTorch's number of threads back at the end of the block."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
