"""Graphs as traced TorchScript modules: export them, and run them.

PyTorch deprecates TorchScript in favour of torch.export, and says so on every call.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import torch

from darknet_torch.errors import UsageError
from darknet_torch.export.failures import naming_the_layer
from darknet_torch.export.graphs import Graph
from darknet_torch.export.tracing import Runner, example_input, silenced


def export_torchscript(graph: Graph, metadata: Mapping[str, str]) -> bytes:
    """The graph as a traced TorchScript module.

    Args:
        graph: what to export.
        metadata: name -> text, kept as the module's extra files.

    Returns:
        The bytes of the file.

    Raises:
        UsageError: the graph returns detections: non-maximum suppression is a loop.
        CfgError: a layer cannot be traced; it is named.
    """
    if graph.options.outputs == "detections":
        raise UsageError(
            "TorchScript cannot contain non-maximum suppression, which is a loop",
            expected="--decode, or .onnx or .pt2 with --nms",
            got="--nms",
        )
    with silenced(), naming_the_layer(graph), torch.no_grad():
        traced = torch.jit.trace(graph, (example_input(graph),), check_trace=False)
        buffer = io.BytesIO()
        torch.jit.save(traced, buffer, _extra_files=dict(metadata))
    return buffer.getvalue()


def load_torchscript(path: Path) -> Runner:
    """Load a file of `export_torchscript`."""
    with silenced():
        module = torch.jit.load(str(path))
    return lambda images: list(module(images))
