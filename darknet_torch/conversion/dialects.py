"""A model of one code base rewritten for the other."""

from __future__ import annotations

import warnings
from dataclasses import replace

import torch

from darknet_torch.cfg.dialect import Dialect, find_dialect
from darknet_torch.errors import CfgWarning, WeightsError, warn
from darknet_torch.layers.base import Layer, Slot
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.loading.model import Model
from darknet_torch.model.network import Network, WeightsHeader
from darknet_torch.ops.normalization import divisor, with_divisor


def to_dialect(model: Model, dialect: str | Dialect) -> Model:
    """The same network with its arrays as another code base stores and uses them.

    The arrays are put into the other order. If batch normalisation has its epsilon in another
    place, the rolling variances are changed so that every layer computes the same.

    Args:
        model: is not changed.
        dialect: the code base to rewrite it for.

    Returns:
        The rewritten model; `model` itself if it has that dialect already.

    Raises:
        WeightsError: the other code base's weight files cannot store an array.
        CfgError: the other code base cannot build the cfg.
    """
    source, chosen = model.network, find_dialect(dialect)
    if chosen == source.dialect:
        return model
    network = _build_target(model, chosen)
    for old, new in zip(source.layers, network.layers, strict=True):
        _copy_arrays(old, new, chosen)
    network.header = WeightsHeader(*chosen.weight_file.version, source.header.seen)
    return replace(model, network=network, weight_file=None)


def _build_target(model: Model, dialect: Dialect) -> Network:
    """The network in the other dialect.

    Warns:
        CfgWarning: what the other code base ignores. The advice to use another dialect is left
            out, since this one was asked for.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CfgWarning)
        network = model.new_network(dialect)
    for warning in caught:
        found = warning.message
        if not isinstance(found, CfgWarning):
            warnings.warn(found, stacklevel=2)
            continue
        about_dialect = (found.fix or "").startswith("use --dialect")
        warn(
            found.what,
            where=found.where,
            expected=found.expected,
            got=found.got,
            fix=None if about_dialect else found.fix,
            category=type(found),
        )
    return network


@torch.no_grad()
def _copy_arrays(source: Layer, target: Layer, dialect: Dialect) -> None:
    """Copy the arrays by name, and adjust the normalisations of `target` to its dialect."""
    old = {slot.name: slot for slot in source.weight_slots()}
    new = {slot.name: slot for slot in target.weight_slots()}
    for name, slot in new.items():
        if name in old:
            _check_shape(source, slot, old[name], dialect)
            slot.tensor.copy_(old[name].tensor)
    for name, slot in old.items():
        if name not in new and slot.tensor.count_nonzero():
            raise WeightsError(
                f"layer {source.index} [{source.section}] ({source.options.where}) has {name}, "
                f"which weight files of {dialect.code_base}/darknet cannot store",
                expected="zeros, or no such array",
                got=f"{int(slot.tensor.count_nonzero())} values that are not 0",
            )
    old_normalizations = _normalizations(source)
    for name, normalization in _normalizations(target).items():
        _adjust(old_normalizations[name], normalization)


def _check_shape(layer: Layer, new: Slot, old: Slot, dialect: Dialect) -> None:
    if new.tensor.shape != old.tensor.shape:
        raise WeightsError(
            f"the {new.name} of layer {layer.index} [{layer.section}] ({layer.options.where}) "
            f"have another shape in {dialect.code_base}/darknet",
            expected=list(new.tensor.shape),
            got=list(old.tensor.shape),
        )


def _normalizations(layer: Layer) -> dict[str, Normalization]:
    """The normalisations of a layer by module name, since their order depends on the dialect."""
    modules = layer.named_modules()
    return {name: module for name, module in modules if isinstance(module, Normalization)}


def _adjust(source: Normalization, target: Normalization) -> None:
    """Make `target`, which has the arrays of `source`, compute the same as `source`."""
    if source.epsilon_inside_root == target.epsilon_inside_root:
        return
    target_divisor = divisor(
        source.rolling_variance.double(), epsilon_inside_root=source.epsilon_inside_root
    )
    scales, variance = with_divisor(
        source.scales.double(), target_divisor, epsilon_inside_root=target.epsilon_inside_root
    )
    target.scales.copy_(scales)
    target.rolling_variance.copy_(variance)
