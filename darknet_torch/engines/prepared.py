"""Models that are prepared for an engine, found in the cache."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darknet_torch.cpu.machine import machine_name
from darknet_torch.engines.cache import EngineCache, Entry
from darknet_torch.engines.choice import Speeds
from darknet_torch.engines.description import ModelDescription
from darknet_torch.engines.engine import Engine, EngineSettings, find_engine
from darknet_torch.engines.model import EngineModel
from darknet_torch.engines.model_key import ModelKey
from darknet_torch.engines.names import ENGINES, SPEEDS
from darknet_torch.errors import CfgNote, CfgWarning, UsageError
from darknet_torch.reading import guarded
from darknet_torch.text import read_bytes

_PARTS = ("what", "expected", "got", "fix")  # of a warning, besides its place
DIFFERENCE_FILE = "difference.json"  # what `PreparedModel.difference` is


@dataclass(frozen=True)
class PreparedModel:
    """A model that is prepared for an engine.

    Attributes:
        engine: the engine.
        version: of the engine, for which it is prepared.
        description: of the network.
        folder: of the engine's files.
        difference: the largest difference from PyTorch's outputs on a probe, as a part of the
            largest value of each output.
        warnings: that loading the network issued before it was prepared.
    """

    engine: Engine
    version: str
    description: ModelDescription
    folder: Path
    difference: float
    warnings: tuple[CfgWarning, ...] = ()

    def warn(self) -> None:
        """Issue the warnings again: where PyTorch loads the network, they are issued each time."""
        for warning in self.warnings:
            warnings.warn(warning, stacklevel=2)

    @property
    def title(self) -> str:
        """The engine and its version, such as "OpenVINO 2026.4.1"."""
        return f"{self.engine.title} {self.version}"

    def load(self, settings: EngineSettings) -> EngineModel:
        """Load it into the engine.

        Raises:
            UsageError: the files were removed meanwhile, or the engine refuses them.
        """
        return EngineModel(self.description, self.engine.load(self.folder, settings), self.title)


def find_prepared(cache: EngineCache, key: ModelKey, name: str) -> PreparedModel | None:
    """Find what is prepared for the installed version of an engine on this machine.

    Args:
        cache: where to look.
        key: of the model.
        name: of the engine.

    Returns:
        The model; None if it is not prepared, or the engine is not installed.
    """
    engine = find_engine(name)
    version = engine.version()
    if version is None:
        return None
    entry = cache.find(key.key(name, version, machine_name()))
    return None if entry is None else read_entry(engine, version, entry, key.source)


def read_entry(
    engine: Engine, version: str, entry: Entry, source: str = ""
) -> PreparedModel | None:
    """Return the prepared model of an entry; None if the entry is of another kind.

    Args:
        engine, version: for which it is prepared.
        entry: of the cache.
        source: the path of the model's cfg now, see `ModelKey.source`.
    """
    try:
        with guarded(entry.folder):
            description = ModelDescription.from_json(entry.description["model"])
            found = _warnings_from_json(entry.description["warnings"], source)
            difference = float(json.loads(read_bytes(entry.folder / DIFFERENCE_FILE)))
    except UsageError:
        return None
    return PreparedModel(engine, version, description, entry.folder, difference, found)


def warnings_to_json(given: Sequence[CfgWarning], source: str) -> list[dict[str, Any]]:
    """Return warnings as values that JSON knows, with the place in `source` if it is there."""
    return [_warning_to_json(one, source) for one in given]


def _warning_to_json(warning: CfgWarning, source: str) -> dict[str, Any]:
    where = _text(warning.where) or ""
    inside = where.startswith(source)
    return {
        "note": isinstance(warning, CfgNote),
        "inside": inside,
        "where": where.removeprefix(source) if inside else where,
        **{name: _text(getattr(warning, name)) for name in _PARTS},
    }


def _text(part: object) -> str | None:
    return None if part is None else str(part)


def _warnings_from_json(values: Any, source: str) -> tuple[CfgWarning, ...]:
    """Read what `warnings_to_json` returned; `source` may be another path by now."""
    return tuple(
        (CfgNote if one["note"] else CfgWarning)(
            **{name: one[name] for name in _PARTS},
            where=(source if one["inside"] else "") + one["where"] or None,
        )
        for one in values
    )


def installed_versions() -> dict[str, str]:
    """Return the versions of the engines that are installed."""
    found = {name: find_engine(name).version() for name in ENGINES}
    return {name: version for name, version in found.items() if version is not None}


def find_speeds(cache: EngineCache, key: ModelKey) -> Speeds | None:
    """Find the speeds of the engines with a model that were measured on this machine."""
    entry = cache.find(key.speeds_key(machine_name()))
    if entry is None:
        return None
    try:
        with guarded(entry.folder):
            return Speeds.from_json(entry.description["speeds"])
    except UsageError:
        return None


def store_speeds(cache: EngineCache, key: ModelKey, speeds: Speeds) -> None:
    """Remember speeds, instead of older ones.

    Raises:
        CacheError: they cannot be stored.
    """
    content: dict[str, Any] = {"label": key.label, "engine": SPEEDS, "speeds": speeds.to_json()}
    cache.store(key.speeds_key(machine_name()), content, lambda folder: None)
