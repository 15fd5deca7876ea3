"""What the results of one picture share: indices into them, and their short description."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Protocol, TypeGuard

import numpy as np

from darknet_torch.arguments import described
from darknet_torch.errors import UsageError

_EXPECTED = "a number, a slice, a mask, or a list of numbers"
_SHOWN = 4  # results in a description


class NamedResult(Protocol):
    """The results for a picture that has a path, a URL or no name."""

    @property
    def filename(self) -> str: ...


def shortened(result: NamedResult, texts: Sequence[str]) -> str:
    """Return a description of results in one line, such as ``Detections(1 in a.jpg: dog 0.93)``.

    Args:
        result: the results.
        texts: the description of each.
    """
    place = f" in {result.filename}" if result.filename else ""
    shown = ", ".join([*texts[:_SHOWN], *(["..."] if len(texts) > _SHOWN else [])])
    return f"{type(result).__name__}({len(texts)}{place}{': ' if texts else ''}{shown})"


def selected_indices(key: object, count: int) -> list[int]:
    """Return the indices that a slice, a mask or several numbers select.

    Args:
        key: a slice; [count] booleans; or integers, of which negative ones count from the end.
        count: how many results there are.

    Raises:
        IndexError: a number is too high or too low, or a mask has another length.
        UsageError: the key is something else.
    """
    if isinstance(key, slice):
        return list(range(count)[key])
    try:
        indices = np.asarray(key)
    except (TypeError, ValueError):  # a tensor on a GPU; lists of different lengths in a list
        indices = np.asarray(None)
    if indices.ndim == 1 and not indices.size:
        indices = indices.astype(int)
    if indices.ndim != 1 or indices.dtype.kind not in "biu":
        raise UsageError("results have no such index", expected=_EXPECTED, got=described(key))
    if indices.dtype.kind == "b":
        if len(indices) != count:
            raise IndexError(f"a mask of {len(indices)} values for {count} results")
        return np.flatnonzero(indices).tolist()
    return [one_index(index, count) for index in indices.tolist()]


def one_index(index: int, count: int) -> int:
    """Return an index from 0; a negative one counts from the end.

    Raises:
        IndexError: there is no such result.
    """
    if not -count <= index < count:
        raise IndexError(f"index {index} of {count} results")
    return index % count


def is_number(key: object) -> TypeGuard[int]:
    """Whether an index selects one result."""
    return isinstance(key, Integral) and not isinstance(key, bool)
