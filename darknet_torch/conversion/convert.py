"""One file to another: read by what it is, write by its suffix, check, report."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from darknet_torch.cfg.dialect import ALEXEYAB, Dialect
from darknet_torch.cfg.zoo import companion, names_for
from darknet_torch.conversion.check import Difference, compare_layers
from darknet_torch.conversion.dialects import to_dialect
from darknet_torch.conversion.formats import (
    DARKNET,
    GraphFormat,
    StateFormat,
    find_format,
    find_reader,
)
from darknet_torch.conversion.model import Model, encode_cfg
from darknet_torch.conversion.readers import ModelSource
from darknet_torch.downloads.model_files import resolve_weights
from darknet_torch.errors import CfgError, CfgWarning, UsageError, WeightsError
from darknet_torch.export.graphs import Graph, GraphOptions, other_size
from darknet_torch.model.weights import write_values, writing

_FIXED = 2  # cases of `compare_graph` at one size
TOLERANCE = 1e-4  # onnxruntime's float32 sums take another order; a wrong graph is far off


@dataclass(frozen=True)
class ConversionReport:
    """What was converted to what.

    Attributes:
        origin: what was read.
        path: what was written.
        kind: the kind of file it is.
        layers: how many layers from the first it covers; None for all.
        differences: of what was written from what was read.
        restores: whether the original weight file comes back byte for byte; None if the
            source was none, or the file cannot be read back.
        notes: what else there is to know.
    """

    origin: str
    path: str
    kind: str
    layers: int | None
    differences: tuple[Difference, ...]
    restores: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def worst(self) -> float:
        """The worst of the differences."""
        return max(difference.worst for difference in self.differences)

    def lines(self) -> list[str]:
        """The report as text."""
        found = [f"{self.origin} -> {self.path}: {self.kind}"]
        if self.layers is not None:
            found.append(f"partial: the first {self.layers} layers")
        found += self.notes
        places = ", ".join(str(one) for one in self.differences)
        found.append(f"worst difference {self.worst:.2g} ({places})")
        if not any(one.values for one in self.differences):
            found.append("nothing was compared: no boxes in the random pictures")
        if self.restores is not None:
            byte = "byte for byte" if self.restores else "not byte for byte, only its values"
            found.append(f"back to .weights it gives the original {byte}")
        return found


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
    graph: GraphOptions | None = None,
    tolerance: float = TOLERANCE,
) -> ConversionReport:
    """Convert one file to another and check what was written against what was read.

    Args:
        src: a Darknet weight file, full or partial, or the name of a downloaded one; a .pt or
            .safetensors file of this package; a checkpoint of a known port of Darknet or of a
            known backbone.
        dst: its suffix says what to write: .weights (or .conv.N), .pt, .pth, .safetensors,
            .onnx, .torchscript, .ts or .pt2.
        cfg: path or name of the cfg; by default the one inside `src`, beside it, or the
            shipped one that the checkpoint belongs to.
        names: of the classes, or a names file; they travel along.
        dialect: the code base that `src` comes from.
        dialect_to: the code base to rewrite it for.
        width, height: of the input, instead of the cfg's.
        strict: bytes left over in a weight file are an error.
        graph: what a graph returns, and how; for graphs only.
        tolerance: the largest difference to accept, see `Difference`.

    Raises:
        UsageError: an unknown suffix, no cfg, options that do not fit `dst`, a package
            that is not installed.
        WeightsError: `src` cannot be read, does not fit its cfg, or cannot be converted; or
            the result differs by more than `tolerance`, and is then not written.
        CfgError: as `darknet_torch.load`; a layer cannot be part of a graph.
    """
    source, target = resolve_weights(src), Path(dst)
    kind = find_format(target)
    if source.resolve() == target.resolve():
        raise UsageError("is to be written over itself", where=target, fix="give another DST")
    _check_options(kind, graph)
    given = names_for(names, 0, may_be_more=True)
    model = find_reader(source)(ModelSource(source, cfg, given, dialect, width, height, strict))
    carries_cfg = model.original is None
    notes = []
    if dialect_to is not None:
        rewritten = to_dialect(model, dialect_to)
        found = compare_layers(rewritten.network, model.network, tolerance)
        notes.append(f"for {rewritten.network.dialect.name}: outputs differ by {found:.2g}")
        model = rewritten
    if isinstance(kind, StateFormat):
        differences = _write_state(model, target, kind)
    else:
        options = graph or GraphOptions()
        differences = _write_graph(model, target, kind, options, tolerance)
        notes.append(kind.describe(options))
        fixed = other_size(model.network) is not None and len(differences) == _FIXED
        notes += ["its height and width are fixed: a layer computes with them"] if fixed else []
    if kind is DARKNET and carries_cfg:
        notes += _write_companions(model, target)
    restores = None
    if model.original is not None and isinstance(kind, StateFormat):
        restores = _digest(model) == hashlib.sha256(model.original.read_bytes()).digest()
    return ConversionReport(
        origin=model.origin,
        path=str(target),
        kind=kind.name,
        layers=model.layers,
        differences=tuple(differences),
        restores=restores,
        notes=tuple(notes),
    )


def _check_options(kind: StateFormat | GraphFormat, graph: GraphOptions | None) -> None:
    """Refuse options that a kind of file has no use for."""
    plain = GraphOptions()
    if graph is None:
        return
    if isinstance(kind, StateFormat):
        raise UsageError(
            "options of graphs are for .onnx, .torchscript and .pt2",
            got=f"a {kind.name} file",
            fix="leave out --decode, --nms, --opset and --fold",
        )
    if graph.opset != plain.opset and not kind.has_opset:
        raise UsageError(
            "--opset is for .onnx", got=f"a {kind.name} file", fix="leave out --opset"
        )
    same = graph.threshold, graph.nms_threshold
    if graph.outputs != "detections" and same != (plain.threshold, plain.nms_threshold):
        raise UsageError(
            "--threshold and --nms-threshold are of the boxes that --nms chooses",
            got=f"a graph that returns {graph.outputs}",
            fix="add --nms, or leave them out",
        )


def _write_state(model: Model, path: Path, kind: StateFormat) -> list[Difference]:
    with writing(path) as file:
        kind.write(model, file)
        file.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CfgWarning)  # said when it was read
            differences = kind.check(model, Path(file.name))
        _refuse(differences, path, 0.0)
    return differences


def _write_graph(
    model: Model, path: Path, kind: GraphFormat, options: GraphOptions, tolerance: float
) -> list[Difference]:
    """Write a graph with open sizes; where that cannot be, with the network's own."""
    _check_whole(model)
    graph = Graph(model.network, options)
    source = Graph(model.network, replace(options, fold=False)) if options.fold else graph
    with writing(path) as file:
        while True:
            try:
                file.seek(0)
                file.truncate()
                file.write(kind.make(graph, model.metadata()))
                file.flush()
                differences = kind.check(source, Path(file.name), graph.other_size)
                _refuse(differences, path, tolerance)
                return differences
            except (CfgError, WeightsError):
                if graph.other_size is None:
                    raise
                graph.other_size = None


def _check_whole(model: Model) -> None:
    if model.layers is not None:
        layer = model.network.layers[model.layers]
        raise WeightsError(
            "is a partial file, and a graph needs every layer",
            where=model.origin,
            expected=f"all {len(model.network.layers)} layers",
            got=f"nothing for layer {layer.index} [{layer.section}] and those behind it",
        )


def _refuse(differences: Sequence[Difference], path: Path, tolerance: float) -> None:
    """Raise what keeps a file from being renamed to `path`, if it is not equal enough."""
    worst = max(differences, key=lambda difference: difference.worst)
    if not worst.worst <= tolerance:
        raise WeightsError(
            f"would not be equal to its source ({worst.at}), and is not written",
            where=path,
            expected=f"a difference of {tolerance:g} at most",
            got=f"{worst.worst:.3g}",
            fix="accept it with --tolerance" if tolerance else None,
        )


def _write_companions(model: Model, weights: Path) -> list[str]:
    """The cfg and the names beside a weight file that has just come into being, if not there."""
    texts = {".cfg": encode_cfg(model.cfg)}
    if model.names:
        texts[".names"] = "".join(f"{name}\n" for name in model.names).encode()
    notes = []
    for suffix, text in texts.items():
        path = companion(weights, suffix)
        if not path.exists():
            with writing(path) as file:
                file.write(text)
            notes.append(f"wrote {path} too")
        elif not path.is_file() or path.read_bytes() != text:
            notes.append(f"left {path} as it was: the model's own is another")
    return notes


def _digest(model: Model) -> bytes:
    """The hash of the weight file that `model` gives."""
    made = hashlib.sha256()
    write_values(model.network, _Updating(made), cutoff=model.layers)
    return made.digest()


class _Updating:
    """A file whose contents go into a hash."""

    def __init__(self, digest: hashlib._Hash) -> None:
        self._digest = digest

    def write(self, data: bytes) -> None:
        """Take in `data`."""
        self._digest.update(data)
