"""The options of [net] that a training runs with, where they are not the cfg's."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import read_cfg
from darknet_torch.cfg.net import NetOptions, read_net
from darknet_torch.cfg.numbers import float32
from darknet_torch.datasets.classification import is_classification, open_classification
from darknet_torch.errors import CfgNote, CfgWarning, UsageError, warn
from darknet_torch.training.batch_sizes import batch_size
from darknet_torch.training.data import open_detection_data
from darknet_torch.training.distributed import Processes
from darknet_torch.training.phases import phases_of
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.scaling import batches_for_epochs, values_of_run
from darknet_torch.training.schedules.shapes import FromCfg


def with_net_options(plan: TrainPlan, processes: Processes) -> TrainPlan:
    """The plan with `net_options` filled in; a note says which values were scaled.

    Raises:
        CfgError: the cfg cannot be read.
        UsageError: the options of the plan contradict each other, or epochs= has no pictures to
            count.
    """
    phases = phases_of(plan)
    _check(plan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)  # building the network reports them
        net = read_net(read_cfg(plan.cfg)[0], find_dialect(plan.dialect))
    length, reason = _length(net, plan, processes)
    length = phases.length or length
    scales = bool(plan.scale_schedule or plan.epochs)
    values = values_of_run(
        net,
        learning_rate=plan.learning_rate,
        max_batches=length,
        scales=scales,
        keeps_policy=plan.schedule == FromCfg.name,
    )
    if scales:
        _note_scaling(net, values, reason)
    if plan.label_smoothing is not None:
        values["label_smooth_eps"] = float32(plan.label_smoothing)
    return replace(plan, net_options=values or None)


def _check(plan: TrainPlan) -> None:
    if plan.epochs is not None and plan.max_batches is not None:
        raise UsageError(
            "--epochs and --max-batches exclude each other",
            expected="one of them",
            got=f"--epochs {plan.epochs} --max-batches {plan.max_batches}",
            fix="give the length in epochs, or in batches with --scale-schedule",
        )
    for name, value in (("epochs", plan.epochs), ("max_batches", plan.max_batches)):
        if value is not None and value < 1:
            raise UsageError(f"{name} is out of its bounds", expected="1 or more", got=value)
    rate = plan.learning_rate
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise UsageError(
            "--learning-rate is out of its bounds",
            expected="a number above 0, such as 0.001",
            got=f"{rate:g}",
        )


def _length(net: NetOptions, plan: TrainPlan, processes: Processes) -> tuple[int | None, str]:
    """The batches to train for instead of the cfg's, None for the cfg's, and the reason."""
    if plan.epochs is None:
        return plan.max_batches, "--scale-schedule"
    net = replace(
        net,
        batch=plan.batch or net.batch,
        subdivisions=plan.subdivisions or net.subdivisions,
    )
    inputs, per_batch = _count_inputs(net, plan), batch_size(net) * processes.count
    reason = f"--epochs {plan.epochs} of {inputs} inputs, {per_batch} at a time"
    # An empty list is refused where it is opened to train on.
    return max(1, batches_for_epochs(plan.epochs, inputs, per_batch)), reason


def _count_inputs(net: NetOptions, plan: TrainPlan) -> int:
    """The pictures of the training set, or the characters of a text.

    Raises:
        UsageError, NamesError: as the data set's reader.
    """
    path = Path(plan.data)
    if not net.is_picture:
        try:
            return path.stat().st_size
        except OSError as error:
            raise UsageError(
                f"cannot be read ({error.strerror})", where=path, expected="a text file"
            ) from None
    if is_classification(path):
        found = len(open_classification(path, split=plan.split).paths)
        return min(found, plan.limit or found, plan.overfit or found)
    return len(open_detection_data(plan)[1])


def _note_scaling(net: NetOptions, scaled: dict[str, Any], reason: str) -> None:
    changes = [
        f"{name}={_shown(value)} (cfg: {_shown(getattr(net, name))})"
        for name, value in scaled.items()
        if name != "learning_rate" and value != getattr(net, name)
    ]
    if changes:
        warn(
            f"scaled for {reason}: {', '.join(changes)}",
            where=net.where,
            category=CfgNote,
        )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
