"""The state_dict inside the object that `torch.load` returned."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from darknet_torch.checkpoints.state_reader import format_key
from darknet_torch.errors import WeightsError

# Averaged weights come first: a training that keeps them evaluates them.
_NESTED = (
    *("ema", "model_ema", "state_dict_ema", "ema_state_dict"),
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "weights"),
)
_WRAPPERS = ("module.", "model.", "_orig_mod.")
# Buffers that count, in no layer of a cfg; thop leaves the last two in every module it measured.
_COUNTERS = ("num_batches_tracked", "n_averaged", "total_ops", "total_params")
_NAMES_SHOWN = 6


def find_state(loaded: object, where: object) -> dict[str, Tensor]:
    """The arrays of a checkpoint by their keys.

    A prefix that a wrapper such as DataParallel gave to all keys is removed, counters (of
    batches, and of operations) are left out, and half precision becomes float32.

    Args:
        loaded: a state_dict, or the dict of a training run that contains one.
        where: the checkpoint, for messages.

    Returns:
        Key -> array.

    Raises:
        WeightsError: `loaded` contains no state_dict.
    """
    state = _search(loaded)
    if not state:
        raise WeightsError(
            "contains no state_dict",
            where=where,
            expected=f"a dict of tensors, or one under {', '.join(map(repr, _NESTED))}",
            got=_describe(loaded),
            fix="save model.state_dict() with torch.save",
        )
    return {key: _at_least_float32(value) for key, value in _strip_prefixes(state).items()}


def _search(loaded: object) -> dict[str, Tensor]:
    """The arrays of the first mapping that has any; nested ones come before `loaded` itself."""
    for mapping in _nested_mappings(loaded):
        found = {
            key: value
            for key, value in mapping.items()
            if isinstance(key, str) and isinstance(value, Tensor)
        }
        kept = {key: value for key, value in found.items() if key.split(".")[-1] not in _COUNTERS}
        if kept:
            return kept
    return {}


def _nested_mappings(loaded: object) -> Iterator[Mapping[Any, Any]]:
    """The mappings under the names of `_NESTED`, innermost first, and `loaded` last.

    A file can nest them without end, so this keeps a list and visits each of them once.
    """
    order, stack, seen = [], [loaded], set()
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping) and id(value) not in seen:
            seen.add(id(value))
            order.append(value)
            stack += [value.get(name) for name in _NESTED]
    return reversed(order)


def _strip_prefixes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Remove the wrappers' prefixes that all keys share."""
    while True:
        shared = [prefix for prefix in _WRAPPERS if all(key.startswith(prefix) for key in state)]
        if not shared:
            return state
        state = {key.removeprefix(shared[0]): value for key, value in state.items()}


def _at_least_float32(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() and value.itemsize < 4 else value


def _describe(loaded: object) -> str:
    if not isinstance(loaded, Mapping):
        return f"a {type(loaded).__name__}"
    keys = itertools.islice(loaded, _NAMES_SHOWN)
    names = [f"'{format_key(key)}'" if isinstance(key, str) else format_key(key) for key in keys]
    more = ", ..." if len(loaded) > _NAMES_SHOWN else ""
    return f"a dict of {', '.join(names)}{more}" if names else "an empty dict"
