"""Which kinds of file there are. To add one, list it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from darknet_torch.cfg.zoo import is_partial_name
from darknet_torch.conversion.check import Difference, compare_arrays, compare_graph
from darknet_torch.conversion.model import Model
from darknet_torch.conversion.readers import (
    ModelSource,
    read_darknet,
    read_pt_file,
    read_safetensors_file,
)
from darknet_torch.conversion.states import write_pt, write_safetensors
from darknet_torch.errors import DarknetError, UsageError, WeightsError
from darknet_torch.export import exporters
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.model.network import Network
from darknet_torch.model.weights import read_weights, write_values


@dataclass(frozen=True)
class StateFormat:
    """A kind of file that holds arrays, and gives all of them back.

    Attributes:
        name: for messages.
        suffixes: of its files.
        read: gives the model of a file.
        write: writes a model to an open file.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[ModelSource], Model]
    write: Callable[[Model, BinaryIO], None]

    def check(self, model: Model, path: Path) -> list[Difference]:
        """The arrays read back from `path` beside those of `model`."""
        if self is DARKNET:
            return [compare_arrays(_reread(model, path), model.network, cutoff=model.layers)]
        return [compare_arrays(self.read(ModelSource(path)).network, model.network)]


@dataclass(frozen=True)
class GraphFormat:
    """A kind of file that holds a graph, which runs without this package.

    Attributes:
        name, suffixes: as `StateFormat` has them.
        make: gives the bytes of a file, from a graph and its metadata.
        run: gives what runs a file.
        has_opset: whether it heeds `GraphOptions.opset`.
    """

    name: str
    suffixes: tuple[str, ...]
    make: Callable[[Graph, str], bytes]
    run: Callable[[Path], exporters.Run]
    has_opset: bool = False

    def describe(self, options: GraphOptions) -> str:
        """What the graph takes and returns."""
        opset = f"opset {options.opset}, " if self.has_opset else ""
        return f"{opset}returns {options.outputs}{', folded' if options.fold else ''}"

    def check(self, graph: Graph, path: Path, other: tuple[int, int] | None) -> list[Difference]:
        """The outputs of the file at `path` beside those of `graph`; see `compare_graph`.

        Raises:
            WeightsError: what runs such files cannot run this one.
        """
        try:
            return compare_graph(graph, self.run(path), other)
        except (DarknetError, MemoryError):
            raise
        except Exception as error:
            raise WeightsError(
                f"the {self.name} graph was written and does not run, and is not kept",
                where=graph.network.net.where,
                got=exporters.first_line(error),
            ) from error


def find_reader(path: Path) -> Callable[[ModelSource], Model]:
    """What reads the file at `path`, by its suffix; checkpoints may have any.

    Raises:
        UsageError: it is a graph.
    """
    known = {suffix: one for one in FORMATS for suffix in one.suffixes}
    found = known.get(path.suffix.lower(), DARKNET)
    if found is DARKNET and _first_bytes(path).startswith((b"PK", b"\x80")):
        return read_pt_file
    if isinstance(found, StateFormat):
        return found.read
    raise UsageError(
        f"{found.name} graphs can be written, not read",
        where=path,
        expected="a weight file or a state_dict",
    )


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError:
        return b""  # what reads it says why it cannot


def _write_darknet(model: Model, file: BinaryIO) -> None:
    for layer in model.network.layers[: model.layers]:
        options = layer.options
        left_out = options.dontload or options.dontsave or layer.loads_partially
        if left_out and layer.weight_slots():
            raise WeightsError(
                f"layer {layer.index} [{layer.section}] ({options.where}) is not read from weight "
                "files as it is written to them",
                expected="a cfg without dontload=, dontloadscales=, dontsave= and numload=",
                fix="leave them out, and convert from a file that has all arrays",
            )
    write_values(model.network, file, cutoff=model.layers)


def _reread(model: Model, path: Path) -> Network:
    """The weight file at `path` in a network of its own."""
    network = model.build_again(model.network.dialect)
    read_weights(network, path, cutoff=model.layers)
    return network


DARKNET = StateFormat("Darknet", (".weights",), read_darknet, _write_darknet)
FORMATS: tuple[StateFormat | GraphFormat, ...] = (
    DARKNET,
    StateFormat("PyTorch state_dict", (".pt", ".pth"), read_pt_file, write_pt),
    StateFormat("safetensors", (".safetensors",), read_safetensors_file, write_safetensors),
    GraphFormat("ONNX", (".onnx",), exporters.onnx_bytes, exporters.run_onnx, has_opset=True),
    GraphFormat(
        "TorchScript",
        (".torchscript", ".ts"),
        exporters.torchscript_bytes,
        exporters.run_torchscript,
    ),
    GraphFormat("torch.export", (".pt2",), exporters.exported_bytes, exporters.run_exported),
)


def find_format(path: Path) -> StateFormat | GraphFormat:
    """The kind of file that `path` names by its suffix.

    Raises:
        UsageError: there is none of that suffix.
    """
    if is_partial_name(path):
        return DARKNET
    for one in FORMATS:
        if path.suffix.lower() in one.suffixes:
            return one
    raise UsageError(
        "unknown suffix",
        where=path,
        expected=" ".join(suffix for one in FORMATS for suffix in one.suffixes),
        got=path.suffix or "none",
    )
