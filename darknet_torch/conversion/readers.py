"""Files to models, by what they are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from darknet_torch.cfg.dialect import ALEXEYAB, Dialect, find_dialect
from darknet_torch.checkpoints.registry import find_layout
from darknet_torch.checkpoints.unwrap import find_state
from darknet_torch.conversion.model import Model, decode_cfg, rebuild
from darknet_torch.conversion.states import load_state, read_pt, read_safetensors
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError
from darknet_torch.model.loading import build, load_with_report

_OWN_KEY = re.compile(r"layers\.\d+\.")


@dataclass(frozen=True)
class ModelSource:
    """A file to read, and what it does not say itself.

    Attributes:
        path: the file.
        cfg: path or name of its cfg. None: the one inside it, the one of the same name
            beside it, or the one that its kind belongs to.
        names: of the classes; empty for those inside it, if any.
        dialect, width, height: as `darknet_torch.load` has them.
        strict: bytes left over in a weight file are an error.
    """

    path: Path
    cfg: str | os.PathLike[str] | None = None
    names: Sequence[str] = ()
    dialect: str | Dialect = ALEXEYAB
    width: int | None = None
    height: int | None = None
    strict: bool = True

    @property
    def sizes(self) -> dict[str, int | None]:
        """What `rebuild` and `build` take."""
        return {"width": self.width, "height": self.height}


def read_darknet(source: ModelSource) -> Model:
    """A weight file and its cfg; raises as `darknet_torch.load`, and UsageError without cfg."""
    cfg = resolve_model(source.cfg, source.path).cfg
    network, report = load_with_report(
        cfg, source.path, dialect=source.dialect, strict=source.strict, **source.sizes
    )
    layers = None if report is None or report.complete else report.layers
    text = decode_cfg(cfg.read_bytes())
    names, origin = tuple(source.names), str(source.path)
    return Model(network, text, names, layers, origin, str(cfg), original=source.path)


def read_pt_file(source: ModelSource) -> Model:
    """A .pt file: of this package, or a checkpoint of another program."""
    loaded, metadata = read_pt(source.path)
    return _from_state(source, loaded, metadata)


def read_safetensors_file(source: ModelSource) -> Model:
    """A .safetensors file, of this package or another."""
    loaded, metadata = read_safetensors(source.path)
    return _from_state(source, loaded, metadata)


def _from_state(source: ModelSource, loaded: Any, metadata: str | None) -> Model:
    where = str(source.path)
    if metadata is not None:
        cfg = None if source.cfg is None else resolve_model(source.cfg).cfg
        model = rebuild(metadata, where, cfg=cfg, **source.sizes)
        _check_dialect(source, model)
        load_state(model, loaded, where)
        return replace(model, names=tuple(source.names) or model.names)
    state = find_state(loaded, where)
    if all(_OWN_KEY.match(key) for key in state):
        model = _empty(source, None)
        load_state(model, state, where)
        return model
    return _from_checkpoint(source, state)


def _check_dialect(source: ModelSource, model: Model) -> None:
    """Refuse a dialect that is not the one in the file."""
    given, own = find_dialect(source.dialect), model.network.dialect
    if given not in (ALEXEYAB, own):
        raise UsageError(
            "says which dialect it is of",
            where=source.path,
            expected=own.name,
            got=f"--dialect {given.name}",
            fix=f"leave it out; --dialect-to {given.name} rewrites the model",
        )


def _from_checkpoint(source: ModelSource, state: Mapping[str, Tensor]) -> Model:
    layout = find_layout(state, source.path)
    model = _empty(source, layout.default_cfg(state))
    model.network.initialize()
    layers = layout.fill(model.network, state, source.path)
    partial = layers < len(model.network.layers)
    origin = f"{source.path} (a checkpoint of {layout.name})"
    return replace(model, layers=layers if partial else None, origin=origin)


def _empty(source: ModelSource, default_cfg: str | None) -> Model:
    """The network of the source's cfg, its arrays without values."""
    cfg = resolve_model(source.cfg or default_cfg, source.path).cfg
    network = build(cfg, dialect=source.dialect, width=source.width, height=source.height)
    text = decode_cfg(cfg.read_bytes())
    return Model(network, text, tuple(source.names), None, str(source.path), str(cfg))
