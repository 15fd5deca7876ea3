"""Values of a saved state, checked where they are taken: a file can hold any others. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


def saved_numbers(values: object, name: str) -> Sequence[Any]:
    """A list or tuple of whole numbers that count.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(values, list | tuple) or not all(_is_of(each, int) for each in values):
        raise ValueError(f"{name} cannot be {show(values)}")
    return values
