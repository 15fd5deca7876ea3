"""Values of a saved state, checked where they are taken: a file can hold any others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from darknet_torch.datasets.json_file import show

_MOST = 2**31 - 1  # what counts iterations


def saved_value(state: Mapping[str, Any], name: str, *kinds: type, default: object = None) -> Any:
    """The value of a name in a saved state.

    Args:
        state: the state.
        name: of the value.
        kinds: what it may be. A whole number is one that counts, from 0 to 2**31 - 1, and is also
            a float.
        default: the value where the state has none, of one of the kinds.

    Raises:
        ValueError: it is of another kind.
    """
    value = state.get(name, default)
    if not any(_is_of(value, kind) for kind in kinds):
        raise ValueError(f"{name} cannot be {show(value)}")
    return value


def _is_of(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if isinstance(value, int):
        return kind in (int, float) and 0 <= value <= _MOST
    return isinstance(value, kind)


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


def saved_numbers(values: object, name: str) -> Sequence[Any]:
    """A list or tuple of whole numbers that count.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(values, list | tuple) or not all(_is_of(each, int) for each in values):
        raise ValueError(f"{name} cannot be {show(values)}")
    return values
