"""Model files to models: weight files, state_dicts and checkpoints."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from darknet_torch.cfg.dialect import ALEXEYAB, Dialect, find_dialect
from darknet_torch.cfg.grammar import read_cfg_text
from darknet_torch.cfg.model_names import contains_cfg
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.downloads.model_search import find_cfg_of
from darknet_torch.errors import UsageError
from darknet_torch.loading.model import Metadata, Model, model_from_metadata
from darknet_torch.model.loading import build, load_with_report
from darknet_torch.model.weight_fit import find_mismatch


@dataclass(frozen=True)
class ModelSource:
    """A model file to read, and what the file itself may not say.

    Attributes:
        path: the file.
        cfg: path or name of its cfg. None for the one inside it, the one that its name leads
            to, or the shipped one that the checkpoint belongs to.
        names: of the classes; empty for those inside it, if any.
        dialect, width, height: as in `darknet_torch.load`.
        strict: bytes left over in a weight file are an error.
        cutoff: read only this many layers, counted from the first; None for all.
    """

    path: Path
    cfg: str | os.PathLike[str] | None = None
    names: Sequence[str] = ()
    dialect: str | Dialect = ALEXEYAB
    width: int | None = None
    height: int | None = None
    strict: bool = True
    cutoff: int | None = None

    def find_cfg(self, default: str | None = None) -> Path:
        """The path of its cfg; that of the shipped `default` if none is given."""
        if self.cfg is not None:
            return find_cfg(self.cfg)
        if default is not None:
            return find_cfg(default)
        mismatch = find_mismatch(width=self.width, height=self.height, strict=self.strict)
        is_state = contains_cfg(self.path)  # whose length says nothing
        return find_cfg_of(self.path, None if is_state else mismatch).path


def read_model(source: ModelSource) -> Model:
    """Read a model file of any kind.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`; or it is not a known checkpoint.
        UsageError: there is no cfg, or the file has another dialect than the one given.
    """
    return find_reader(source.path)(source)


def find_reader(path: Path) -> Callable[[ModelSource], Model]:
    """The function that reads the file at `path`.

    The suffix decides. A file with any other suffix is a checkpoint if it starts like an
    archive or a pickle, and otherwise a weight file.
    """
    return read_state if contains_cfg(path) else read_weight_file


def read_weight_file(source: ModelSource) -> Model:
    """Read a Darknet weight file and its cfg.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`.
        UsageError: there is no cfg.
    """
    cfg = source.find_cfg()
    network, report = load_with_report(
        cfg,
        source.path,
        dialect=source.dialect,
        width=source.width,
        height=source.height,
        strict=source.strict,
        cutoff=source.cutoff,
    )
    layers = None if report is None or report.complete else report.layers
    text = read_cfg_text(cfg)
    names, origin = tuple(source.names), str(source.path)
    return Model(network, text, names, layers, origin, str(cfg), source.path, report)


def read_state(source: ModelSource) -> Model:
    """Read a .pt or .safetensors file of this package, or a checkpoint of another program.

    Raises:
        WeightsError: it cannot be read, is not a known checkpoint, or does not fit its cfg.
        CfgError: as `darknet_torch.load`.
        UsageError: there is no cfg, or the file has another dialect than the one given.
    """
    # Checkpoints of all programs are known there: nothing that a weight file needs.
    from darknet_torch.loading.filling import read_state_file

    file = read_state_file(source.path)
    if file.metadata is not None:
        _check_dialect(source, file.metadata)
        cfg = None if source.cfg is None else find_cfg(source.cfg)
        sizes = {"width": source.width, "height": source.height}
        model = model_from_metadata(file.metadata, cfg=cfg, **sizes)
    else:
        default = file.layout.default_cfg(file.state) if file.layout else None
        model = _new_model(source, source.find_cfg(default))
    report = file.fill(model.network, cutoff=source.cutoff)
    return replace(
        model,
        names=tuple(source.names) or model.names,
        layers=None if report.layers == report.total else report.layers,
        origin=file.origin,
        report=report,
    )


def _check_dialect(source: ModelSource, metadata: Metadata) -> None:
    """Refuse a given dialect that is not the one in the file."""
    given, own = find_dialect(source.dialect), metadata.dialect
    if given not in (ALEXEYAB, own):
        raise UsageError(
            "contains a model of another dialect",
            where=source.path,
            expected=own.name,
            got=f"--dialect {given.name}",
            fix=f"leave out --dialect; to rewrite the model, give --dialect-to {given.name}",
        )


def _new_model(source: ModelSource, cfg: Path) -> Model:
    """The model of a cfg, with uninitialised arrays."""
    network = build(cfg, dialect=source.dialect, width=source.width, height=source.height)
    return Model(network, read_cfg_text(cfg), tuple(source.names), None, "", str(cfg))
