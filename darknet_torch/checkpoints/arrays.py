"""The arrays of one layer of a checkpoint, and their conversion to a Darknet layer's arrays."""

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
class BatchNormArrays:
    """The arrays of a BatchNorm layer of PyTorch, [channels] each, and its epsilon."""

    weight: Tensor
    bias: Tensor
    mean: Tensor
    variance: Tensor
    epsilon: float


@dataclass(frozen=True)
class LayerArrays:
    """The arrays that a checkpoint has for one Darknet layer.

    Attributes:
        name: the prefix of the keys in the checkpoint, for messages.
        weight: of the convolution or the matrix; None for a BatchNorm alone.
        bias: [filters], or None.
        batchnorm: the BatchNorm that follows the convolution or the matrix, or None.
    """

    name: str
    weight: Tensor | None
    bias: Tensor | None = None
    batchnorm: BatchNormArrays | None = None


def match_slots(layer: Layer, arrays: LayerArrays, where: object) -> list[tuple[Tensor, Tensor]]:
    """Pair each array of `layer` with the values for it. The layer is not changed.

    Where the BatchNorm has another epsilon than the layer, the rolling variance is changed so
    that the layer computes the same. Where no variance can do that, the scales are changed too.

    Args:
        layer: the Darknet layer.
        arrays: what the checkpoint has for it.
        where: the checkpoint, for messages.

    Returns:
        (array of the layer, its values) pairs, in the order of the weight file.

    Raises:
        WeightsError: the names or the shapes of the arrays do not fit the layer.
    """
    values = _by_darknet_name(layer, arrays)
    slots = {slot.name: slot.tensor for slot in layer.weight_slots()}
    expected = {name: tuple(tensor.shape) for name, tensor in slots.items()}
    got = {name: tuple(array.shape) for name, array in values.items()}
    if expected != got:
        raise WeightsError(
            f"{arrays.name} does not fit layer {layer.index} [{layer.section}] "
            f"({layer.options.where})",
            where=where,
            expected=_format_shapes(expected),
            got=_format_shapes(got),
            fix="use the cfg that the checkpoint was trained with",
        )
    return [(tensor, values[name]) for name, tensor in slots.items()]


@torch.no_grad()
def copy_values(pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Copy the second tensor of each pair into the first."""
    for tensor, values in pairs:
        tensor.copy_(values)


def _by_darknet_name(layer: Layer, arrays: LayerArrays) -> Mapping[str, Tensor]:
    """The values that `layer` needs to compute the same, by Darknet's array names."""
    weights: dict[str, Tensor] = {} if arrays.weight is None else {"weights": arrays.weight}
    batchnorm = arrays.batchnorm
    if batchnorm is None:
        return weights if arrays.bias is None else {**weights, "biases": arrays.bias}
    mean = batchnorm.mean if arrays.bias is None else batchnorm.mean - arrays.bias
    scales, variance = with_divisor(
        batchnorm.weight.double(),
        torch.sqrt(batchnorm.variance.double() + batchnorm.epsilon),
        epsilon_inside_root=_epsilon_inside_root(layer),
    )
    return {
        **weights,
        "biases": batchnorm.bias,
        "scales": scales,
        "rolling_mean": mean,
        "rolling_variance": variance,
    }


def _epsilon_inside_root(layer: Layer) -> bool:
    inside = [m.epsilon_inside_root for m in layer.modules() if isinstance(m, Normalization)]
    return bool(inside and inside[0])


def _format_shapes(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items()) or "no arrays"
