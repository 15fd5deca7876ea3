"""Compare training with the C Darknet: costs, deltas, parameters and learning rates."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.errors import CfgWarning
from darknet_torch.layers.crop import Crop
from darknet_torch.model.network import Network
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.callbacks import Callback, CallbackList
from darknet_torch.training.forward import MiniBatchResult
from darknet_torch.training.loop import TrainingLoop
from darknet_torch.training.schedule import rate_at
from darknet_torch.training.updates import Update
from tools import records
from tools.deviation import Deviation, worst

# C's own costs and deltas change by up to 5e-5 when every pixel changes by one unit in the last
# place, and the changes of parameters by up to 1e-4.
COST_TOLERANCE = 1e-4  # relative
DELTA_TOLERANCE = 1e-4  # relative to the delta's largest value
CHANGE_TOLERANCE = 5e-3  # relative to the norm of the change
VALUE_TOLERANCE = 1e-5  # relative to the array's largest value
RATE_TOLERANCE = 1e-6  # relative
# If the norm of the change is below this fraction of the array's norm, the change is rounding.
MIN_CHANGE = 1e-5


def check_train(record: records.Record, network: Network) -> Deviation:
    """Train as in a record, and compare every mini-batch and the final parameters.

    Args:
        record: a training record.
        network: with the record's parameters, built with the arithmetic "c_order".
    """
    start = [slot.tensor.detach().clone() for _, slot in network.slots()]
    comparison = _Comparison(record)
    _train(record, network, comparison)
    return worst([*comparison.deviations, *_parameters(network, start, record)])


def distance(record: records.Record, network: Network, exact: Network) -> float:
    """Train two networks as in a record, and compare what that changed in their parameters.

    Args:
        record: a training record.
        network, exact: with the record's parameters, built with two arithmetics.

    Returns:
        The norm of the difference of the changes of all parameters, relative to that of `exact`.
    """
    changes = [_change(record, each) for each in (network, exact)]
    return float((changes[0] - changes[1]).norm() / changes[1].norm())


def _change(record: records.Record, network: Network) -> torch.Tensor:
    before = _parameter_values(network)
    _train(record, network)
    return _parameter_values(network) - before


def _parameter_values(network: Network) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def _train(record: records.Record, network: Network, *callbacks: Callback) -> None:
    """Train a network as in a record."""
    mirrors = _stop_random_mirroring(network)
    loop = TrainingLoop(network, callbacks=callbacks)
    mini_batches = _mini_batches(record, loop, mirrors=mirrors)
    subdivisions = record["net"]["subdivisions"]
    for _ in range(record["iters"] // subdivisions):
        loop.train_iteration(islice(mini_batches, subdivisions))


class _Comparison(Callback):
    """Compares costs, deltas and rates with a record while a network trains."""

    def __init__(self, record: records.Record) -> None:
        self.record = record
        self.deviations = [Deviation(0.0, "-")]
        self.mini_batch = 0

    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None:
        index = self.mini_batch
        cost = self.record["costs"][index]
        self.deviations.append(_relative(float(result.cost), cost, f"cost {index}"))
        for head in self.record["heads"]:
            if head["minibatch"] == index:
                loss = result.losses[head["layer"]]
                name = f"minibatch {index}, layer {head['layer']}"
                self.deviations.append(_relative(float(loss.cost), head["cost"], f"{name}, cost"))
                delta = result.deltas[head["layer"]].total
                self.deviations += _delta(delta.numpy().ravel(), head, name)
        self.mini_batch += 1

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        index = self.mini_batch - 1
        recorded = self.record["lr"][index]
        error = abs(update.rate - recorded) / recorded
        self.deviations.append(Deviation(error / RATE_TOLERANCE, f"rate {index}"))


def _mini_batches(
    record: records.Record, loop: TrainingLoop, *, mirrors: bool
) -> Iterator[TrainBatch]:
    """Yield the mini-batches of a record, mirrored where C mirrored them."""
    images, truths = (torch.from_numpy(part) for part in records.train_batches(record))
    size = record["net"]["batch"]
    for index in range(record["iters"]):
        part = slice(index * size, (index + 1) * size)
        batch = images[part]
        if mirrors:
            batch = _mirrored_as_recorded(loop, batch, truths[part], record["costs"][index])
        yield TrainBatch(batch, truths[part])


def _stop_random_mirroring(network: Network) -> bool:
    """Stop [crop] from mirroring at random; return whether it would have."""
    mirrors = False
    for layer in network.layers:
        if isinstance(layer, Crop) and layer.options.flip:
            layer.options = replace(layer.options, flip=False)
            mirrors = True
    return mirrors


class _Cost(Callback):
    """Keeps the cost of the last mini-batch."""

    cost = 0.0

    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None:
        self.cost = float(result.cost)


def _mirrored_as_recorded(
    loop: TrainingLoop, images: torch.Tensor, truths: torch.Tensor, cost: float
) -> torch.Tensor:
    """Return the images, mirrored if that is closer to the recorded cost.

    A record does not contain the result of C's rand().

    Source: crop_layer.c forward_crop_layer.
    """
    choices = (images, images.flip(-1))
    costs = []
    for choice in choices:
        trial, kept = copy.deepcopy(loop), _Cost()
        trial.events = CallbackList([kept])
        trial.train_iteration([TrainBatch(choice, truths)])
        costs.append(kept.cost)
    return min(zip(choices, costs, strict=True), key=lambda pair: abs(pair[1] - cost))[0]


def _relative(value: float, recorded: float, name: str) -> Deviation:
    error = abs(value - recorded) / max(abs(recorded), 1e-12)
    return Deviation(error / COST_TOLERANCE, name)


def _delta(delta: np.ndarray, head: dict[str, Any], name: str) -> Iterator[Deviation]:
    if delta.size != head["n"]:
        yield Deviation(np.inf, f"{name}, {delta.size} deltas, recorded {head['n']}")
        return
    nonzero = int(np.count_nonzero(delta))
    if nonzero != head["nonzero"]:
        yield Deviation(np.inf, f"{name}, {nonzero} nonzero, recorded {head['nonzero']}")
    largest = max(np.abs(head["top_values"]).max(), 1e-12)
    groups = ((head["top"], head["top_values"]), (records.positions(delta.size), head["samples"]))
    for places, values in groups:
        errors = np.abs(delta[places] - values) / largest
        at = int(errors.argmax())
        yield Deviation(float(errors[at]) / DELTA_TOLERANCE, f"{name}, delta {places[at]}")


def _parameters(
    network: Network, start: list[torch.Tensor], record: records.Record
) -> Iterator[Deviation]:
    slots = [slot for _, slot in network.slots()]
    rows = zip(slots, start, record["segments"], record["final_parameters"], strict=True)
    for slot, before, segment, recorded in rows:
        name = f"layer {segment[0]} {slot.name}"
        end = slot.tensor.detach().double().numpy().ravel()
        change = float(np.linalg.norm(end - before.double().numpy().ravel()))
        expected = recorded["change_l2"]
        if expected > MIN_CHANGE * recorded["l2"]:
            error = abs(change - expected) / expected
            yield Deviation(
                error / CHANGE_TOLERANCE, f"{name}, change {change:.3g} ({expected:.3g})"
            )
        places = records.positions(end.size, 8)
        errors = np.abs(end[places] - recorded["samples"]) / max(np.abs(end).max(), 1e-12)
        at = int(errors.argmax())
        yield Deviation(float(errors[at]) / VALUE_TOLERANCE, f"{name}, value {places[at]}")


def check_rates(file: Path) -> Iterator[tuple[str, Deviation]]:
    """Compare the learning rate of each policy at each recorded batch."""
    for policy, record in json.loads(file.read_text()).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CfgWarning)
            net = read_net(parse_cfg(record["cfg"], policy)[0], ALEXEYAB)
        deviations = []
        for batch, recorded in record["rates"]:
            error = abs(rate_at(net, batch) - recorded)
            part = 0.0 if error == 0 else error / max(abs(recorded), 1e-30)
            deviations.append(Deviation(part / RATE_TOLERANCE, f"batch {batch}"))
        yield policy, worst(deviations)
