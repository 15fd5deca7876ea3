"""Models to files: each file is checked against the model before it takes its place."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from darknet_torch.cfg.grammar import encode_cfg
from darknet_torch.cfg.zoo import companion
from darknet_torch.conversion.comparison import Difference, find_active_threshold
from darknet_torch.conversion.formats import GraphFormat, StateFormat
from darknet_torch.errors import CfgError, CfgWarning, WeightsError
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.loading.model import METADATA_KEY, Model
from darknet_torch.model.weights import open_for_writing, write_values

OnStage = Callable[[str], None]  # gets what is done next, for a user who waits


def ignore_stage(text: str) -> None:
    """An `OnStage` that does nothing."""


def write_state(
    model: Model, path: Path, kind: StateFormat, on_stage: OnStage = ignore_stage
) -> list[Difference]:
    """Write the arrays of `model`, and read them back to compare them.

    Returns:
        The differences, all 0.

    Raises:
        WeightsError: the file cannot be written, or its arrays differ. `path` is then as before.
    """
    with open_for_writing(path) as file:
        on_stage(f"writing {path}")
        kind.write(model, file)
        file.flush()
        on_stage(f"comparing {path} with the model")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CfgWarning)  # the user saw them at the first reading
            differences = kind.check(model, Path(file.name))
        _check_tolerance(differences, path, 0.0)
    return differences


def write_graph(
    model: Model,
    path: Path,
    kind: GraphFormat,
    options: GraphOptions,
    tolerance: float,
    on_stage: OnStage = ignore_stage,
) -> tuple[list[Difference], bool]:
    """Write `model` as a graph, and run it to compare its outputs with those of the network.

    Height and width are dynamic if the network accepts a second size and the graph then
    computes the same; otherwise they are fixed.

    Returns:
        The differences, and whether height and width had to be fixed for the graph although
        the network accepts other sizes.

    Raises:
        WeightsError: `model` is partial, the file cannot be written, or it differs by more
            than `tolerance`. `path` is then as before.
        CfgError: a layer cannot be exported; it is named.
    """
    _check_complete(model)
    graph = Graph(model.network, options)
    unfolded = Graph(model.network, replace(options, fold=False)) if options.fold else graph
    accepts_second_size = graph.second_size is not None
    with open_for_writing(path) as file:
        while True:
            try:
                on_stage(f"exporting {path}")
                file.seek(0)
                file.truncate()
                file.write(kind.export(graph, {METADATA_KEY: model.metadata()}))
                file.flush()
                on_stage(f"comparing {path} with the network")
                differences = kind.check(unfolded, Path(file.name), graph.second_size)
                if not any(difference.values for difference in differences):
                    differences = _check_with_detections(graph, unfolded, kind) or differences
                _check_tolerance(differences, path, tolerance)
                return differences, accepts_second_size and graph.second_size is None
            except (CfgError, WeightsError):
                if graph.second_size is None:
                    raise
                graph.fix_size()


def _check_with_detections(graph: Graph, unfolded: Graph, kind: GraphFormat) -> list[Difference]:
    """Compare the same graph with a threshold at which it detects something; [] if none does."""
    threshold = find_active_threshold(unfolded)
    if threshold is None:
        return []
    given = graph.options, unfolded.options
    try:
        for one in (graph, unfolded):
            one.options = replace(one.options, threshold=threshold)
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"graph{kind.suffixes[0]}"
            path.write_bytes(kind.export(graph, {}))
            found = kind.check(unfolded, path, graph.second_size)
    finally:
        graph.options, unfolded.options = given
    return [replace(one, what=f"{one.what} at threshold {threshold:.2g}") for one in found]


def _check_complete(model: Model) -> None:
    if model.layers is not None:
        layer = model.network.layers[model.layers]
        raise WeightsError(
            "is a partial file, and a graph needs every layer",
            where=model.origin,
            expected=f"all {len(model.network.layers)} layers",
            got=f"nothing for layer {layer.index} [{layer.section}] and the layers after it",
        )


def _check_tolerance(differences: Sequence[Difference], path: Path, tolerance: float) -> None:
    """Raise an error if the file differs too much; it is then not renamed to `path`."""
    worst = max(differences, key=lambda difference: difference.worst)
    if not worst.worst <= tolerance:
        raise WeightsError(
            f"was not written: it would differ from its source ({worst.what})",
            where=path,
            expected=f"a difference of {tolerance:g} at most",
            got=f"{worst.worst:.3g}",
            fix="if you can accept that, give a larger --tolerance" if tolerance else None,
        )


def write_companions(model: Model, weights: Path) -> list[str]:
    """Write the cfg and the names next to a new weight file, unless such files exist.

    Returns:
        A sentence for each file that was written, or that exists with other contents.
    """
    texts = {".cfg": encode_cfg(model.cfg)}
    if model.names:
        texts[".names"] = "".join(f"{name}\n" for name in model.names).encode()
    notes = []
    for suffix, text in texts.items():
        path = companion(weights, suffix)
        if not path.exists():
            with open_for_writing(path) as file:
                file.write(text)
            notes.append(f"also wrote {path}")
        elif not path.is_file() or path.read_bytes() != text:
            notes.append(f"kept {path}, which is not the one of the model")
    return notes


def restores(model: Model) -> bool | None:
    """Whether writing `model` gives the bytes of the weight file it was read from.

    Returns:
        None if it was not read from a weight file, or was rewritten since.
    """
    if model.weight_file is None:
        return None
    digest = hashlib.sha256()
    write_values(model.network, _HashingFile(digest), cutoff=model.layers)
    return digest.digest() == hashlib.sha256(model.weight_file.read_bytes()).digest()


class _HashingFile:
    """A file for writing whose contents go into a hash and nowhere else."""

    def __init__(self, digest: hashlib._Hash) -> None:
        self._digest = digest

    def write(self, data: bytes) -> None:
        """Add `data` to the hash."""
        self._digest.update(data)
