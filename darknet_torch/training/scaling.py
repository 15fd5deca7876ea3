"""A schedule of the learning rate, scaled to another length of training. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.numbers import float32
from darknet_torch.errors import CfgError

_BURN_IN_PARTS = 10  # burn-in takes at most one of these parts of a training


def fitting_burn_in(burn_in: int, max_batches: int) -> int:
    """The burn-in of a training: `burn_in` batches, but at most a tenth of `max_batches`."""
    return min(burn_in, max_batches // _BURN_IN_PARTS)


def batches_for_epochs(epochs: int, inputs: int, per_batch: int) -> int:
    """How many batches show each of `inputs` inputs `epochs` times.

    Args:
        epochs: 1 or more.
        inputs: pictures of the training set, or characters of a text.
        per_batch: inputs per update, summed over all processes.
    """
    return math.ceil(epochs * inputs / per_batch)


def scaled_schedule(net: NetOptions, max_batches: int) -> dict[str, Any]:
    """The options of [net] that give its schedule the length `max_batches`.

    What the policy counts in batches keeps its place in the training: steps, step and
    sgdr_cycle are multiplied by the ratio of the lengths, and gamma is converted. burn_in keeps
    its length, since weights settle in batches rather than in parts of a training, but takes a
    tenth of it at most. Without max_batches= in the cfg there is no ratio, and only burn_in
    changes.

    Returns:
        Names of options that differ from those of `net`, max_batches included, and their values.
    """
    ratio = max_batches / net.max_batches if net.max_batches > 0 else 1.0
    values: dict[str, Any] = {
        "max_batches": max_batches,
        "burn_in": fitting_burn_in(net.burn_in, max_batches),
        **_scaled_policy(net, ratio, max_batches),
    }
    return {name: value for name, value in values.items() if value != getattr(net, name)}


def check_has_end(net: NetOptions) -> None:
    """Check that [net] says how long to train.

    Raises:
        CfgError: max_batches= is not there, or not above 0.
    """
    if net.max_batches <= 0:
        raise CfgError(
            "[net] does not say how long to train",
            where=net.where,
            expected="max_batches= above 0",
            got=net.max_batches or "none",
            fix="write max_batches= there, or use --max-batches",
        )


def values_of_run(
    net: NetOptions,
    *,
    learning_rate: float | None,
    max_batches: int | None,
    scales: bool,
    keeps_policy: bool = True,
) -> dict[str, Any]:
    """The options of [net] that the options of a training give other values.

    Args:
        net: those of the cfg.
        learning_rate, max_batches: instead of the cfg's, None for these.
        scales: scale the schedule to the length.
        keeps_policy: the cfg's policy decides over the rate; else nothing of it is scaled.
    """
    values: dict[str, Any] = {}
    if learning_rate is not None:
        values["learning_rate"] = float32(learning_rate)
    if max_batches is not None:
        values["max_batches"] = max_batches
    if scales:
        policy = net.policy if keeps_policy else "constant"
        values |= scaled_schedule(replace(net, policy=policy), max_batches or net.max_batches)
    return values


def distinct_steps(steps: Sequence[float], max_batches: int) -> tuple[int, ...]:
    """Round steps to batches, each below the next one and the last one below `max_batches`.

    Rounding would let steps of a short training fall together, or after its end. Steps that do
    not increase themselves, and those after the end, are only rounded.
    """
    rounded = [round(step) for step in steps]
    is_sound = all(step < later for step, later in pairwise([*steps, max_batches]))
    for index in reversed(range(len(rounded) if is_sound else 0)):
        later = (*rounded, max_batches)[index + 1]
        rounded[index] = min(rounded[index], later - 1)
    return tuple(rounded)


def _scaled_policy(net: NetOptions, ratio: float, max_batches: int) -> dict[str, Any]:
    if net.policy == "steps":
        return {"steps": distinct_steps([step * ratio for step in net.steps], max_batches)}
    if net.policy == "step":
        return {"step": max(1, round(net.step * ratio))}
    if net.policy == "sgdr" and net.sgdr_cycle:
        return {"sgdr_cycle": max(1, round(net.sgdr_cycle * ratio))}
    if net.policy == "exp" and 0 < net.gamma <= 1:
        return {"gamma": float32(net.gamma ** (1 / ratio))}
    if net.policy == "sigmoid":
        return {"step": round(net.step * ratio), "gamma": float32(net.gamma / ratio)}
    return {}  # the others follow max_batches, or do not change
