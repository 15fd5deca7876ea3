"""The arrays of a checkpoint's layer, put where a Darknet layer keeps its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.errors import WeightsError
from darknet_torch.layers.base import Layer
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.ops.normalization import with_divisor


@dataclass(frozen=True)
class Normalized:
    """The arrays of a BatchNorm layer of PyTorch, [channels] each, and its epsilon."""

    weight: Tensor
    bias: Tensor
    mean: Tensor
    variance: Tensor
    epsilon: float


@dataclass(frozen=True)
class Unit:
    """What one layer of a checkpoint computes with.

    Attributes:
        name: its prefix in the checkpoint, for messages.
        weight: of the convolution or the matrix; None for a BatchNorm alone.
        bias: [filters], or None.
        normalized: the BatchNorm behind it, or None.
    """

    name: str
    weight: Tensor | None
    bias: Tensor | None = None
    normalized: Normalized | None = None


def put(layer: Layer, unit: Unit, where: object) -> None:
    """Give `layer` the arrays of `unit`: `fitted` and `store` at once.

    Raises:
        WeightsError: see `fitted`. The layer is then unchanged.
    """
    store(fitted(layer, unit, where))


def fitted(layer: Layer, unit: Unit, where: object) -> list[tuple[Tensor, Tensor]]:
    """Each array of `layer` with the values that `unit` has for it.

    A BatchNorm with another epsilon than the layer's gets the rolling variance (or, where
    none can do it, the scales) with which it computes the same.

    Args:
        where: the checkpoint, for messages.

    Raises:
        WeightsError: the arrays do not fit the layer, by number or by shape.
    """
    arrays = _arrays(layer, unit)
    slots = {slot.name: slot.tensor for slot in layer.weight_slots()}
    expected = {name: tuple(tensor.shape) for name, tensor in slots.items()}
    got = {name: tuple(array.shape) for name, array in arrays.items()}
    if expected != got:
        raise WeightsError(
            f"{unit.name} does not fit layer {layer.index} [{layer.section}] "
            f"({layer.options.where})",
            where=where,
            expected=_listed(expected),
            got=_listed(got),
            fix="take the cfg that the checkpoint was trained with",
        )
    return [(tensor, arrays[name]) for name, tensor in slots.items()]


@torch.no_grad()
def store(pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Copy the second tensor of each pair into the first."""
    for tensor, values in pairs:
        tensor.copy_(values)


def _arrays(layer: Layer, unit: Unit) -> Mapping[str, Tensor]:
    """The arrays of `unit` by Darknet's names."""
    arrays: dict[str, Tensor] = {} if unit.weight is None else {"weights": unit.weight}
    found = unit.normalized
    if found is None:
        return arrays if unit.bias is None else {**arrays, "biases": unit.bias}
    mean = found.mean if unit.bias is None else found.mean - unit.bias
    scales, variance = with_divisor(
        found.weight.double(),
        torch.sqrt(found.variance.double() + found.epsilon),
        epsilon_inside_root=_epsilon_inside_root(layer),
    )
    return {
        **arrays,
        "biases": found.bias,
        "scales": scales,
        "rolling_mean": mean,
        "rolling_variance": variance,
    }


def _epsilon_inside_root(layer: Layer) -> bool:
    inside = [m.epsilon_inside_root for m in layer.modules() if isinstance(m, Normalization)]
    return bool(inside and inside[0])


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items()) or "no arrays"
