"""The state_dict inside what `torch.load` returned."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from darknet_torch.errors import WeightsError

# Averaged weights come first: where a training keeps them, they are what it evaluates.
_NESTED = (
    *("ema", "model_ema", "state_dict_ema", "ema_state_dict"),
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "weights"),
)
_WRAPPERS = ("module.", "model.", "_orig_mod.")
_COUNTERS = ("num_batches_tracked", "n_averaged")
_SHOWN = 6


def find_state(loaded: object, where: object) -> dict[str, Tensor]:
    """The arrays of a checkpoint by their keys.

    A prefix that a wrapper such as DataParallel gave to all keys is taken off, counters of
    batches are left out, and what is half precision becomes float32.

    Args:
        loaded: a state_dict, or a training's dict that holds one.
        where: the checkpoint, for messages.

    Raises:
        WeightsError: there is no state_dict in it.
    """
    state = _search(loaded)
    if not state:
        raise WeightsError(
            "holds no state_dict",
            where=where,
            expected=f"a dict of tensors, or one under {', '.join(map(repr, _NESTED))}",
            got=_described(loaded),
            fix="save model.state_dict() with torch.save",
        )
    kept = {key: value for key, value in state.items() if key.split(".")[-1] not in _COUNTERS}
    return {key: _single(value) for key, value in _unwrapped(kept).items()}


def _search(loaded: object) -> dict[str, Tensor]:
    """The tensors of the first mapping that has any, the nested ones before `loaded` itself."""
    if not isinstance(loaded, Mapping):
        return {}
    for name in _NESTED:
        found = _search(loaded.get(name))
        if found:
            return found
    return {
        key: value
        for key, value in loaded.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }


def _unwrapped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _WRAPPERS:
        if state and all(key.startswith(prefix) for key in state):
            return _unwrapped({key.removeprefix(prefix): value for key, value in state.items()})
    return state


def _single(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() and value.itemsize < 4 else value


def _described(loaded: object) -> str:
    if not isinstance(loaded, Mapping):
        return f"a {type(loaded).__name__}"
    names = [repr(key) for key in loaded][:_SHOWN]
    more = ", ..." if len(loaded) > _SHOWN else ""
    return f"a dict of {', '.join(names)}{more}" if names else "an empty dict"
