"""A network in memory, run by an engine."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from darknet_torch.engines.engine import Engine, EngineSettings, find_engine
from darknet_torch.engines.model import EngineModel
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.onnx import export_onnx
from darknet_torch.inference.backends import BackendSettings, check_float32
from darknet_torch.inference.description import describe_network
from darknet_torch.model.network import Network


def export_to_engine(name: str, network: Network, settings: BackendSettings) -> EngineModel:
    """Export a network and load it into an engine, on the GPU if the network is on one.

    Args:
        name: of the engine.
        network: it is exported with batch normalisation folded, and not changed.
        settings: their precision must be float32.

    Raises:
        UsageError: the engine, or what exports, is not installed; or another precision.
        CfgError: a layer cannot be exported.
    """
    check_float32(settings.precision, f"the {name} backend")
    engine = find_engine(name)
    on_gpu = network.device.type == "cuda"
    with TemporaryDirectory(prefix="dtorch-") as folder:
        graph = export_for_engines(network)
        model = load_graph(engine, graph, Path(folder), network, on_gpu=on_gpu)
    if not settings.keep_weights:
        network.to("meta")
    return model


def export_for_engines(network: Network) -> bytes:
    """Export the graph that an `EngineModel` runs, as an ONNX model."""
    graph = Graph(network, GraphOptions(outputs="for_decoding", fold=True))
    graph.fix_size()
    return export_onnx(graph, {})


def load_graph(
    engine: Engine, graph: bytes, folder: Path, network: Network, *, on_gpu: bool
) -> EngineModel:
    """Write a graph for an engine into an empty folder, and load it with PyTorch's threads."""
    settings = EngineSettings(torch.get_num_threads(), on_gpu=on_gpu)
    engine.write(graph, folder, settings)
    session = engine.load(folder, settings)
    return EngineModel(describe_network(network), session, engine_title(engine))


def engine_title(engine: Engine) -> str:
    """Return an engine's name and version, such as "OpenVINO 2026.4.1"."""
    return f"{engine.title} {engine.version()}"
