"""Model files to models: weight files, state_dicts and checkpoints."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from darknet_torch.cfg.dialect import ALEXEYAB, Dialect, find_dialect
from darknet_torch.cfg.grammar import read_cfg_text
from darknet_torch.checkpoints.registry import find_layout
from darknet_torch.checkpoints.unwrap import find_state
from darknet_torch.conversion.model import Model, model_from_metadata
from darknet_torch.conversion.state_files import load_state, read_pt, read_safetensors
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError
from darknet_torch.model.loading import build, load_with_report

_OWN_KEY = re.compile(r"layers\.\d+\.")


@dataclass(frozen=True)
class ModelSource:
    """A model file to read, and what the file itself may not say.

    Attributes:
        path: the file.
        cfg: path or name of its cfg. None for the one inside it, the one of the same name
            next to it, or the shipped one that the checkpoint belongs to.
        names: of the classes; empty for those inside it, if any.
        dialect, width, height: as in `darknet_torch.load`.
        strict: bytes left over in a weight file are an error.
    """

    path: Path
    cfg: str | os.PathLike[str] | None = None
    names: Sequence[str] = ()
    dialect: str | Dialect = ALEXEYAB
    width: int | None = None
    height: int | None = None
    strict: bool = True


def read_weight_file(source: ModelSource) -> Model:
    """Read a Darknet weight file and its cfg.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`.
        UsageError: there is no cfg.
    """
    cfg = resolve_model(source.cfg, source.path).cfg
    network, report = load_with_report(
        cfg,
        source.path,
        dialect=source.dialect,
        width=source.width,
        height=source.height,
        strict=source.strict,
    )
    layers = None if report is None or report.complete else report.layers
    text = read_cfg_text(cfg)
    names, origin = tuple(source.names), str(source.path)
    return Model(network, text, names, layers, origin, str(cfg), weight_file=source.path)


def read_pt_file(source: ModelSource) -> Model:
    """Read a .pt file of this package, or a checkpoint of another program.

    Raises:
        WeightsError: it cannot be read, is not a known checkpoint, or does not fit its cfg.
        CfgError: as `darknet_torch.load`.
        UsageError: there is no cfg, or the file has another dialect than the one given.
    """
    loaded, metadata = read_pt(source.path)
    return _from_state(source, loaded, metadata)


def read_safetensors_file(source: ModelSource) -> Model:
    """Read a .safetensors file of this package or another program; raises as `read_pt_file`."""
    loaded, metadata = read_safetensors(source.path)
    return _from_state(source, loaded, metadata)


def _from_state(source: ModelSource, loaded: Any, metadata: str | None) -> Model:
    """The model of a state_dict: with metadata, with the keys of `Network`, or with others."""
    where = str(source.path)
    if metadata is not None:
        cfg = None if source.cfg is None else resolve_model(source.cfg).cfg
        model = model_from_metadata(
            metadata, where, cfg=cfg, width=source.width, height=source.height
        )
        _check_dialect(source, model)
        load_state(model, loaded, where)
        return replace(model, names=tuple(source.names) or model.names)
    state = find_state(loaded, where)
    if all(_OWN_KEY.match(key) for key in state):
        model = _new_model(source, None)
        load_state(model, state, where)
        return model
    return _from_checkpoint(source, state)


def _check_dialect(source: ModelSource, model: Model) -> None:
    """Refuse a given dialect that is not the one in the file."""
    given, own = find_dialect(source.dialect), model.network.dialect
    if given not in (ALEXEYAB, own):
        raise UsageError(
            "contains a model of another dialect",
            where=source.path,
            expected=own.name,
            got=f"--dialect {given.name}",
            fix=f"leave out --dialect; to rewrite the model, give --dialect-to {given.name}",
        )


def _from_checkpoint(source: ModelSource, state: Mapping[str, Tensor]) -> Model:
    layout = find_layout(state, source.path)
    model = _new_model(source, layout.default_cfg(state))
    model.network.initialize()
    layers = layout.fill(model.network, state, source.path)
    partial = layers < len(model.network.layers)
    origin = f"{source.path} (a checkpoint of {layout.name})"
    return replace(model, layers=layers if partial else None, origin=origin)


def _new_model(source: ModelSource, default_cfg: str | None) -> Model:
    """The model of the cfg that belongs to `source`, with uninitialised arrays."""
    cfg = resolve_model(source.cfg or default_cfg, source.path).cfg
    network = build(cfg, dialect=source.dialect, width=source.width, height=source.height)
    text = read_cfg_text(cfg)
    return Model(network, text, tuple(source.names), None, str(source.path), str(cfg))
