"""Arrays of a saved state, checked where they are taken: a file can hold any others."""

from __future__ import annotations

from torch import Tensor

from darknet_torch.datasets.json_file import show


def saved_array(value: object, like: Tensor, name: str) -> Tensor:
    """An array of a saved state that has the shape of another one, on the device of that.

    Args:
        value: what the state has.
        like: the other array.
        name: of the value, for messages.

    Raises:
        ValueError: it is no array of numbers, or has another shape.
    """
    if not isinstance(value, Tensor) or not value.is_floating_point():
        raise ValueError(f"{name} cannot be {show(value)}")
    if value.shape != like.shape:
        raise ValueError(f"{name} is {list(value.shape)}, the cfg says {list(like.shape)}")
    return value.to(like.device)
