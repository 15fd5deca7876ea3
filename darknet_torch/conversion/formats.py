"""The kinds of file that are read and written. To add one, list it in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from darknet_torch.cfg.model_names import (
    DARKNET_SUFFIXES,
    GRAPH_SUFFIXES,
    SAFETENSORS_SUFFIXES,
    STATE_DICT_SUFFIXES,
)
from darknet_torch.cfg.zoo import is_partial_name
from darknet_torch.conversion.comparison import Difference, compare_arrays, compare_graph
from darknet_torch.errors import DarknetError, UsageError, WeightsError
from darknet_torch.export.failures import first_line
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.onnx import export_onnx, load_onnx
from darknet_torch.export.torch_export import export_program, load_program
from darknet_torch.export.torchscript import export_torchscript, load_torchscript
from darknet_torch.export.tracing import Runner
from darknet_torch.loading.model import Model
from darknet_torch.loading.readers import ModelSource, read_state
from darknet_torch.loading.state_files import write_pt, write_safetensors
from darknet_torch.model.network import Network
from darknet_torch.model.weights import read_weights, write_values


@dataclass(frozen=True)
class StateFormat:
    """A kind of file that holds all arrays of a model and can be read back.

    Attributes:
        name: for messages.
        suffixes: of its files, in lower case.
        write: writes a model to an open file.
    """

    name: str
    suffixes: tuple[str, ...]
    write: Callable[[Model, BinaryIO], None]

    def check(self, model: Model, path: Path) -> list[Difference]:
        """Read the file at `path` back and compare its arrays with those of `model`."""
        if self is DARKNET:
            return [compare_arrays(_read_back(model, path), model.network, cutoff=model.layers)]
        return [compare_arrays(read_state(ModelSource(path)).network, model.network)]


@dataclass(frozen=True)
class GraphFormat:
    """A kind of file that holds a graph, which runs without this package.

    Attributes:
        name: for messages, and in `GRAPH_SUFFIXES`.
        export: turns a graph and metadata (key -> text) into the bytes of a file.
        load: loads a file to run it.
        has_opset: whether `GraphOptions.opset` applies.
    """

    name: str
    export: Callable[[Graph, Mapping[str, str]], bytes]
    load: Callable[[Path], Runner]
    has_opset: bool = False

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of its files, in lower case."""
        return GRAPH_SUFFIXES[self.name]

    def describe(self, options: GraphOptions) -> str:
        """Describe what a graph with these options returns, for the report."""
        opset = f"opset {options.opset}, " if self.has_opset else ""
        return f"{opset}returns {options.outputs}{', folded' if options.fold else ''}"

    def check(
        self, graph: Graph, path: Path, second_size: tuple[int, int] | None
    ) -> list[Difference]:
        """Run the file at `path` and compare its outputs with those of `graph`.

        Args:
            graph: the original.
            path: the file.
            second_size: see `compare_graph`.

        Raises:
            WeightsError: the file cannot be loaded or run.
        """
        try:
            return compare_graph(graph, self.load(path), second_size)
        except (DarknetError, MemoryError):
            raise
        except Exception as error:
            raise WeightsError(
                f"was not written: its {self.name} graph does not run",
                where=graph.network.net.where,
                got=first_line(error),
            ) from error


def _write_weight_file(model: Model, file: BinaryIO) -> None:
    """Write a Darknet weight file; refuse a cfg with which it would be read differently."""
    for layer in model.network.layers[: model.layers]:
        options = layer.options
        left_out = options.dontload or options.dontsave or layer.loads_partially
        if left_out and layer.weight_slots():
            raise WeightsError(
                f"layer {layer.index} [{layer.section}] ({options.where}) is not read from "
                "weight files in the way it is written to them",
                expected="a cfg without dontload=, dontloadscales=, dontsave= and numload=",
                fix="remove them from the cfg, and convert from a file that has all arrays",
            )
    write_values(model.network, file, cutoff=model.layers)


def _read_back(model: Model, path: Path) -> Network:
    """A new network with the arrays of the weight file at `path`."""
    network = model.new_network(model.network.dialect)
    read_weights(network, path, cutoff=model.layers)
    return network


DARKNET = StateFormat("Darknet", DARKNET_SUFFIXES, _write_weight_file)
FORMATS: tuple[StateFormat | GraphFormat, ...] = (
    DARKNET,
    StateFormat("PyTorch state_dict", STATE_DICT_SUFFIXES, write_pt),
    StateFormat("safetensors", SAFETENSORS_SUFFIXES, write_safetensors),
    GraphFormat("ONNX", export_onnx, load_onnx, has_opset=True),
    GraphFormat("TorchScript", export_torchscript, load_torchscript),
    GraphFormat("torch.export", export_program, load_program),
)


def find_format(path: Path) -> StateFormat | GraphFormat:
    """The kind of file to write, by the suffix of `path`.

    Raises:
        UsageError: no kind of file has that suffix.
    """
    if is_partial_name(path):
        return DARKNET
    for kind in FORMATS:
        if path.suffix.lower() in kind.suffixes:
            return kind
    raise UsageError(
        "unknown suffix",
        where=path,
        expected=" ".join(suffix for kind in FORMATS for suffix in kind.suffixes),
        got=path.suffix or "none",
    )
