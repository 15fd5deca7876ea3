"""The state_dict inside the object that `torch.load` returned."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from darknet_torch.errors import WeightsError

# Averaged weights come first: a training that keeps them evaluates them.
_NESTED = (
    *("ema", "model_ema", "state_dict_ema", "ema_state_dict"),
    *("state_dict", "model_state_dict", "model", "net", "network", "module", "weights"),
)
_WRAPPERS = ("module.", "model.", "_orig_mod.")
_COUNTERS = ("num_batches_tracked", "n_averaged")
_NAMES_SHOWN = 6


def find_state(loaded: object, where: object) -> dict[str, Tensor]:
    """The arrays of a checkpoint by their keys.

    A prefix that a wrapper such as DataParallel gave to all keys is removed, counters of
    batches are left out, and half precision becomes float32.

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
    kept = {key: value for key, value in state.items() if key.split(".")[-1] not in _COUNTERS}
    return {key: _at_least_float32(value) for key, value in _strip_prefixes(kept).items()}


def _search(loaded: object) -> dict[str, Tensor]:
    """The tensors of the first mapping that has any; nested ones come before `loaded` itself."""
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


def _strip_prefixes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Remove the wrappers' prefixes that all keys share."""
    for prefix in _WRAPPERS:
        if state and all(key.startswith(prefix) for key in state):
            return _strip_prefixes(
                {key.removeprefix(prefix): value for key, value in state.items()}
            )
    return state


def _at_least_float32(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() and value.itemsize < 4 else value


def _describe(loaded: object) -> str:
    if not isinstance(loaded, Mapping):
        return f"a {type(loaded).__name__}"
    names = [repr(key) for key in loaded][:_NAMES_SHOWN]
    more = ", ..." if len(loaded) > _NAMES_SHOWN else ""
    return f"a dict of {', '.join(names)}{more}" if names else "an empty dict"
