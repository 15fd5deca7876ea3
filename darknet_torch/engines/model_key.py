"""What a prepared model was made from: the key under which the cache keeps it."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from darknet_torch.cfg.grammar import read_cfg
from darknet_torch.cfg.zoo import find_named_file
from darknet_torch.engines.file_hashes import file_hash
from darknet_torch.errors import CfgWarning, DarknetError

# Raised whenever a graph or a description that this program made before would not do any more.
_GENERATION = 2
# What is said if a model has another key after it was loaded, and is not stored under either.
CHANGED = "this file, or another one of the model, was replaced while it was loaded"
CHANGED_FIX = "load it again when it is complete"
_NAMED_FILES = ("tree", "map")  # options of a section that name a file


@dataclass(frozen=True)
class ModelKey:
    """The content of a model's files, and how the network is built from them.

    Attributes:
        files: the hashes of the cfg, if the weights do not contain it, of the weights, and of
            the files that the cfg names.
        width, height: size of the input, pixels; None for the cfg's.
        dialect: the name of the code base.
        strict: whether bytes left over in the weights are an error.
        precision: of the layers.
        label: the name of the model for people.
        source: the path of the cfg, or of the weights that contain it, with which messages begin.
    """

    files: tuple[str, ...]
    width: int | None
    height: int | None
    dialect: str
    strict: bool
    precision: str
    label: str = field(compare=False)
    source: str = field(default="", compare=False)

    def key(self, engine: str, version: str, machine: str) -> str:
        """Return the key of what is prepared for a version of an engine on a machine."""
        return self._digest(engine, version, machine)

    def with_precision(self, precision: str) -> ModelKey:
        """Return the key of the same model in another precision."""
        label = self.label.removesuffix(self.precision) + precision
        return replace(self, precision=precision, label=label)

    def speeds_key(self, machine: str) -> str:
        """Return the key of the speeds that were measured on a machine."""
        return self._digest("speeds", machine)

    def _digest(self, *words: str) -> str:
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.compare}
        text = json.dumps([_GENERATION, values, *words], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]


def find_model_key(
    cfg: Path | None,
    weights: Path,
    *,
    width: int | None,
    height: int | None,
    dialect: str,
    strict: bool,
    precision: str,
    memory: Path | None = None,
) -> ModelKey | None:
    """Return the key of a model; None if a file cannot be read, which building it will explain.

    Args:
        cfg: the cfg; None if it is inside the weights.
        weights: the weights.
        width, height, dialect, strict, precision: as in `ModelKey`.
        memory: see `file_hash`.
    """
    try:
        files = [weights] if cfg is None else [cfg, weights, *_named_files(cfg)]
        hashes = tuple(file_hash(path, memory) for path in files)
    except (OSError, DarknetError):
        return None
    size = f" {width or 'cfg'}x{height or 'cfg'}" if width or height else ""
    label = f"{(cfg or weights).stem}{size} {precision}"
    return ModelKey(hashes, width, height, dialect, strict, precision, label, str(cfg or weights))


def _named_files(cfg: Path) -> list[Path]:
    """Return the files that a cfg names and that exist; building reports the others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)  # building has reported them
        sections = read_cfg(cfg)
    entries = [entry for section in sections for entry in section.first().values()]
    names = [entry.value for entry in entries if entry.key in _NAMED_FILES and entry.value]
    found = [find_named_file(name, str(cfg)) for name in names]
    return [path for path in found if path is not None]
