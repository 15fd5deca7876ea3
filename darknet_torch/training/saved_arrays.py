"""Arrays of a saved state, checked where they are taken: a file can hold any others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from darknet_torch.datasets.json_file import show
from darknet_torch.layers.base import Layer
from darknet_torch.layers.recurrent import Recurrent

_RANKS = (2, 4)  # [N, C], of [connected] before its activation, and [N, C, H, W]


def saved_array(value: object, like: Tensor, name: str) -> Tensor:
    """An array of a saved state that has the shape of another one, on the device of that.

    Args:
        value: what the state has.
        like: the other array.
        name: of the value, for messages.

    Raises:
        ValueError: it is no array of numbers, or has another shape.
    """
    array = _own_numbers(value, name)
    if array.shape != like.shape:
        raise ValueError(f"{name} is {list(array.shape)}, the cfg says {list(like.shape)}")
    return array.to(like.device)


def saved_delta(value: object, layer: Layer, device: torch.device) -> Tensor | None:
    """The delta that mini-batches have added up at a layer, of any batch and size of pictures.

    Args:
        value: what the state has; None before the first mini-batch.
        layer: the layer.
        device: where to.

    Raises:
        ValueError: it is no array of numbers, or is not of the layer's output.
    """
    if value is None:
        return None
    name = f"the accumulated delta of layer {layer.index}"
    array = _own_numbers(value, name)
    channels = layer.output_shape.channels
    if array.dim() not in _RANKS or array.shape[1] != channels:
        raise ValueError(f"{name} is {list(array.shape)}, the cfg says {channels} channels")
    return array.to(device)


def saved_layer_state(
    states: Mapping[int, object], layer: Recurrent, device: torch.device
) -> tuple[Tensor, ...]:
    """The state of a recurrent layer, of any batch and size of pictures; () if it has none yet.

    Args:
        states: layer index -> what the state has.
        layer: the layer.
        device: where to.

    Raises:
        ValueError: it is not made of such arrays as the layer's own state.
    """
    parts, name = states.get(layer.index, ()), f"the state of layer {layer.index}"
    if not isinstance(parts, Sequence) or isinstance(parts, str):
        raise ValueError(f"{name} cannot be {show(parts)}")
    arrays = tuple(_own_numbers(part, name) for part in parts)
    shape = layer.input_shape
    one = torch.empty(1, shape.channels, shape.height, shape.width, device="meta")
    own = [part.shape for part in layer.initial_state(one)]
    if arrays and [_without_sizes(part.shape) for part in arrays] != list(
        map(_without_sizes, own)
    ):
        found = [list(part.shape) for part in arrays]
        raise ValueError(f"{name} is {found}, the cfg says {[list(each) for each in own]}")
    return tuple(part.to(device) for part in arrays)


def _without_sizes(shape: torch.Size) -> tuple[int, int]:
    """The rank and the channels of an array that starts with the batch."""
    return len(shape), shape[1] if len(shape) > 1 else 0


def _own_numbers(value: object, name: str) -> Tensor:
    """An array of numbers, each with memory of its own, that can be changed in place.

    Raises:
        ValueError: it is something else, such as one number that stands for a whole array.
    """
    if (
        not isinstance(value, Tensor)
        or value.layout is not torch.strided
        or not value.is_floating_point()
    ):
        raise ValueError(f"{name} cannot be {show(value)}")
    if value.nbytes > value.untyped_storage().nbytes():
        raise ValueError(f"{name} is {list(value.shape)}, of which the file has a part alone")
    return value.detach()
