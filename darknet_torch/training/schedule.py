"""The learning rate of each batch, computed as C computes it. No torch."""

from __future__ import annotations

import math
import random

import numpy as np

from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.numbers import float32
from darknet_torch.training.schedules.base import finite_rate

_PI = 3.14159265  # as network.c has it


def rate_at(net: NetOptions, batch: int, generator: random.Random | None = None) -> float:
    """The learning rate of an update.

    Options are float32 as in C, powers are computed in float64, and the result is float32
    again: a schedule in float64 alone is off by several per cent at batch 500,000.

    Args:
        net: the options of [net].
        batch: how many batches have been seen, the one of the update included: 1 for the
            first one.
        generator: the random numbers of policy=random; the global ones by default.

    Raises:
        CfgError: it is not finite; in C every weight would become NaN.

    Source: network.c get_current_rate (both code bases).
    """
    return finite_rate(lambda: _rate(net, batch, generator), batch, net.where)


def _rate(net: NetOptions, batch: int, generator: random.Random | None) -> float:
    rate = net.learning_rate
    if batch < net.burn_in:
        part = float(np.float32(batch) / np.float32(net.burn_in))
        return float32(rate * part**net.power)
    if net.policy == "step":
        return float32(rate * net.scale ** (batch // max(1, net.step)))
    if net.policy == "steps":
        return _after_steps(net, batch)
    if net.policy == "exp":
        return float32(rate * net.gamma**batch)
    if net.policy == "poly":
        left = float(np.float32(1) - np.float32(batch) / np.float32(max(1, net.max_batches)))
        if left < 0 and net.power % 1:
            return 0.0  # past the end, where C's pow is NaN
        return float32(rate * left**net.power)
    if net.policy == "random":
        return float32(rate * (generator or random).random() ** net.power)
    if net.policy == "sigmoid":
        return float32(rate * _sigmoid(-float32(net.gamma * (batch - net.step))))
    if net.policy == "sgdr":
        return _warm_restart(net, batch)
    return rate


def rate_of_run(net: NetOptions, batch: int, seed: int) -> float:
    """`rate_at` in a run of this seed, which the random numbers of policy=random come from."""
    return rate_at(net, batch, random.Random(f"{seed} {batch}"))


def _after_steps(net: NetOptions, batch: int) -> float:
    rate = np.float32(net.learning_rate)
    for step, scale in zip(net.steps, net.scales, strict=False):
        if step > batch:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            rate = np.float32(rate * np.float32(scale))
    return float(rate)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _warm_restart(net: NetOptions, batch: int) -> float:
    """Cosine cycles, each `sgdr_mult` times as long as the one before. AlexeyAB's code only."""
    start, cycle = 0, max(1, net.sgdr_cycle or net.max_batches)
    if net.sgdr_mult <= 1:  # there may be 2**31 cycles
        start = max(0, batch - 1) // cycle * cycle
    while start + cycle < batch:
        start += cycle
        cycle *= net.sgdr_mult
    span = float32(net.learning_rate - net.learning_rate_min)
    turn = math.cos(float(np.float32(batch - start)) * _PI / cycle)
    return float32(net.learning_rate_min + 0.5 * span * (1 + turn))
