"""One model file to another: read it, write it, check it, report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from darknet_torch.cfg.dialect import ALEXEYAB, Dialect
from darknet_torch.cfg.size_limits import allowing_large_networks
from darknet_torch.cfg.zoo import read_names, resolve_names
from darknet_torch.conversion.comparison import Difference, compare_layers
from darknet_torch.conversion.dialects import to_dialect
from darknet_torch.conversion.extensions import warn_of_extensions
from darknet_torch.conversion.formats import (
    DARKNET,
    GraphFormat,
    StateFormat,
    find_format,
)
from darknet_torch.conversion.report import ConversionReport
from darknet_torch.conversion.writers import (
    OnStage,
    ignore_stage,
    restores,
    write_companions,
    write_graph,
    write_state,
)
from darknet_torch.downloads.model_files import resolve_weights
from darknet_torch.downloads.model_search import find_names_of
from darknet_torch.errors import UsageError
from darknet_torch.export.graphs import GraphOptions
from darknet_torch.input_files import refuse_overwrite_of_inputs
from darknet_torch.loading.model import Model
from darknet_torch.loading.readers import ModelSource, read_model

TOLERANCE = 1e-4  # onnxruntime adds float32 in another order; a wrong graph differs by far more


def convert(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    cfg: str | os.PathLike[str] | None = None,
    names: Sequence[str] | str | os.PathLike[str] | None = None,
    dialect: str | Dialect = ALEXEYAB,
    dialect_to: str | Dialect | None = None,
    width: int | None = None,
    height: int | None = None,
    strict: bool = True,
    allow_large: bool = False,
    graph: GraphOptions | None = None,
    tolerance: float = TOLERANCE,
    on_stage: OnStage = ignore_stage,
) -> ConversionReport:
    """Convert one model file to another and compare the result with its source.

    Args:
        src: a Darknet weight file, full or partial, or the name of a downloaded one; a .pt or
            .safetensors file of this package; a checkpoint of a known port of Darknet or of a
            known backbone.
        dst: the suffix decides what is written: .weights (or .conv.N), .pt, .pth,
            .safetensors, .onnx, .torchscript, .ts or .pt2.
        cfg: path or name of the cfg. Default: the one inside `src`, the one of the same name
            next to it, or the shipped one that the checkpoint belongs to.
        names: of the classes, or a names file; they are kept in the result. Default: those inside
            `src`, else the .names file of its name or its cfg's that has as many; a note says if
            there is none.
        dialect: the code base that `src` comes from.
        dialect_to: the code base to rewrite the model for.
        width, height: of the input in pixels, instead of the cfg's.
        strict: bytes left over in a weight file are an error.
        allow_large: as in `darknet_torch.load`.
        graph: what a graph returns, and how it is exported; for graphs only.
        tolerance: the largest difference to accept, see `Difference.worst`.
        on_stage: called with what is done next, such as "comparing yolov4.onnx with the network".

    Raises:
        UsageError: an unknown suffix, no cfg, several .names files that fit and differ, options
            that do not apply to `dst`, `dst` is one of the files that are read, or a package is
            not installed.
        WeightsError: `src` cannot be read, does not fit its cfg, or cannot be converted; or
            the result differs by more than `tolerance`, and is then not written.
        CfgError: as `darknet_torch.load`; or a layer cannot be part of a graph.

    Warns:
        CfgWarning: a weight file is written, and the C code ignores options of the network.
    """
    source, target = resolve_weights(src), Path(dst)
    kind = find_format(target)
    files = [file for file in (cfg, names) if isinstance(file, str | os.PathLike)]
    refuse_overwrite_of_inputs(target, [source, *files])
    _check_options(kind, graph)
    on_stage(f"reading {source}")
    given = resolve_names(names, 0, allow_more=True)
    with allowing_large_networks(allow_large):
        model = read_model(ModelSource(source, cfg, given, dialect, width, height, strict))
        carries_cfg = model.weight_file is None
        notes: list[str] = []
        names_note: list[str] = []
        if carries_cfg or kind is not DARKNET:
            model, names_note = _with_found_names(model, source)
        if dialect_to is not None:
            on_stage("rewriting the model")
            model, note = _rewrite(model, dialect_to, tolerance)
            notes.append(note)
        if kind is DARKNET:
            warn_of_extensions(model.network, target)
        differences, more = _write(model, target, kind, graph, tolerance, on_stage)
        notes += [*more, *names_note]
    if kind is DARKNET and carries_cfg:
        notes += write_companions(model, target)
    return ConversionReport(
        origin=model.origin,
        path=str(target),
        kind=kind.name,
        layers=model.layers,
        differences=tuple(differences),
        restores=restores(model) if isinstance(kind, StateFormat) else None,
        notes=tuple(notes),
    )


def _with_found_names(model: Model, source: Path) -> tuple[Model, list[str]]:
    """A model without names with those that the names of its files lead to; and a note for none.

    A network without heads may have no classes at all, so that there is no note.
    """
    if model.names:
        return model, []
    classes = model.network.heads[-1].classes if model.network.heads else None
    found = find_names_of([Path(model.cfg_file), source], classes)
    if found is not None and not found.is_shipped:
        names = read_names(found.path)
        if classes in (None, len(names)):
            return replace(model, names=tuple(names)), []
        counts = f"{found} has {len(names)} names for {classes} classes"
        return model, [f"note: {counts}, so none are stored; --names FILE stores others"]
    if classes is None:
        return model, []
    return model, ["note: no names of classes found; --names FILE stores them"]


def _rewrite(model: Model, dialect: str | Dialect, tolerance: float) -> tuple[Model, str]:
    """The model rewritten for a code base, and how much its outputs differ."""
    rewritten = to_dialect(model, dialect)
    worst = compare_layers(rewritten.network, model.network, tolerance)
    name = rewritten.network.dialect.name
    return rewritten, f"rewritten for {name}: outputs differ by {worst:.2g}"


def _write(
    model: Model,
    path: Path,
    kind: StateFormat | GraphFormat,
    graph: GraphOptions | None,
    tolerance: float,
    on_stage: OnStage,
) -> tuple[list[Difference], list[str]]:
    """Write the file; its differences, and what to report about it."""
    if isinstance(kind, StateFormat):
        return write_state(model, path, kind, on_stage), []
    options = graph or GraphOptions()
    differences, size_was_fixed = write_graph(model, path, kind, options, tolerance, on_stage)
    notes = [kind.describe(options)]
    if size_was_fixed:
        notes.append("height and width are fixed, because a layer computes with them")
    return differences, notes


def _check_options(kind: StateFormat | GraphFormat, graph: GraphOptions | None) -> None:
    """Refuse graph options that do not apply to a kind of file."""
    if graph is None:
        return
    if isinstance(kind, StateFormat):
        raise UsageError(
            "graph options are for .onnx, .torchscript and .pt2",
            got=f"a {kind.name} file",
            fix="leave out --decode, --nms, --opset and --fold",
        )
    default = GraphOptions()
    if graph.opset != default.opset and not kind.has_opset:
        raise UsageError(
            "--opset is for .onnx", got=f"a {kind.name} file", fix="leave out --opset"
        )
    thresholds = graph.threshold, graph.nms_threshold
    if graph.outputs != "detections" and thresholds != (default.threshold, default.nms_threshold):
        raise UsageError(
            "--threshold and --nms-threshold apply only together with --nms",
            got=f"a graph that returns {graph.outputs}",
            fix="add --nms, or leave them out",
        )
