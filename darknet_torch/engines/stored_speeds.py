"""Speeds of engines, in the user's cache beside what is prepared."""

from __future__ import annotations

from darknet_torch.cpu.machine import machine_name
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.choice import Speeds

_SPEEDS = "speeds"  # in the description of an entry


def store_speeds(cache: EngineCache, key: str, label: str, speeds: Speeds) -> None:
    """Keep the speeds of a model, instead of older ones.

    Args:
        cache: where to.
        key: of the model's speeds.
        label: the model, as `dtorch cache` shows it.
        speeds: what was measured.

    Raises:
        CacheError: there is no room or no permission.
    """
    description = {"label": label, "engine": "speeds", _SPEEDS: speeds.to_json()}
    cache.store(key, description, lambda folder: None)


def find_speeds(cache: EngineCache, key: str) -> Speeds | None:
    """Return the speeds of a model; None if they were not measured on this machine.

    Args:
        cache: where they are kept.
        key: of the model's speeds.
    """
    entry = cache.find(key)
    if entry is None:
        return None
    try:
        speeds = Speeds.from_json(entry.description.get(_SPEEDS))
    except ValueError:  # of another version of this program
        return None
    return speeds if speeds.machine == machine_name() else None
