"""A model of one code base for the other."""

from __future__ import annotations

from dataclasses import replace

import torch

from darknet_torch.cfg.dialect import Dialect, find_dialect
from darknet_torch.conversion.model import Model
from darknet_torch.errors import WeightsError
from darknet_torch.layers.base import Layer, Slot
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.model.network import WeightsHeader
from darknet_torch.ops.normalization import divisor, with_divisor


def to_dialect(model: Model, dialect: str | Dialect) -> Model:
    """The same network as the other code base keeps and computes it.

    The arrays take the other order; where batch normalisation has its epsilon in another
    place, the rolling variances change so that every layer computes the same.

    Raises:
        WeightsError: a layer's arrays have no place in the other code base's file.
        CfgError: it cannot build the cfg.
    """
    source, chosen = model.network, find_dialect(dialect)
    if chosen == source.dialect:
        return model
    network = model.build_again(chosen)
    for theirs, mine in zip(source.layers, network.layers, strict=True):
        _copy(theirs, mine, chosen)
    network.header = WeightsHeader(*chosen.weight_file.version, source.header.seen)
    return replace(model, network=network, original=None)


@torch.no_grad()
def _copy(source: Layer, target: Layer, dialect: Dialect) -> None:
    theirs = {slot.name: slot for slot in source.weight_slots()}
    mine = {slot.name: slot for slot in target.weight_slots()}
    for name, slot in mine.items():
        if name in theirs:
            _check_shape(source, slot, theirs[name], dialect)
            slot.tensor.copy_(theirs[name].tensor)
    for name, slot in theirs.items():
        if name not in mine and slot.tensor.count_nonzero():
            raise WeightsError(
                f"layer {source.index} [{source.section}] ({source.options.where}) has {name}, "
                f"for which weight files of {dialect.code_base}/darknet have no place",
                expected="zeros, or no such array",
                got=f"{int(slot.tensor.count_nonzero())} values that are not 0",
            )
    theirs_by_name = _normalizations(source)
    for name, normalization in _normalizations(target).items():
        _match(theirs_by_name[name], normalization)


def _check_shape(layer: Layer, mine: Slot, theirs: Slot, dialect: Dialect) -> None:
    if mine.tensor.shape != theirs.tensor.shape:
        raise WeightsError(
            f"layer {layer.index} [{layer.section}] ({layer.options.where}) has another "
            f"{mine.name} in {dialect.code_base}/darknet",
            expected=list(mine.tensor.shape),
            got=list(theirs.tensor.shape),
        )


def _normalizations(layer: Layer) -> dict[str, Normalization]:
    """By name: the order of a layer's parts is its dialect's."""
    modules = layer.named_modules()
    return {name: module for name, module in modules if isinstance(module, Normalization)}


def _match(source: Normalization, target: Normalization) -> None:
    """Let `target`, which has the arrays of `source`, compute the same."""
    if source.epsilon_inside_root == target.epsilon_inside_root:
        return
    wanted = divisor(
        source.rolling_variance.double(), epsilon_inside_root=source.epsilon_inside_root
    )
    scales, variance = with_divisor(
        source.scales.double(), wanted, epsilon_inside_root=target.epsilon_inside_root
    )
    target.scales.copy_(scales)
    target.rolling_variance.copy_(variance)
