"""Graphs as programs of torch.export: export them, and run them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import torch

from darknet_torch.export.failures import naming_the_layer
from darknet_torch.export.graphs import Graph
from darknet_torch.export.tracing import Runner, dynamic_sizes, example_input, silenced


def export_program(graph: Graph, metadata: Mapping[str, str]) -> bytes:
    """The graph as a program of torch.export, with the dynamic sizes of `export_onnx`.

    Args:
        graph: what to export.
        metadata: name -> text, kept as the program's extra files.

    Returns:
        The bytes of the file.

    Raises:
        CfgError: a layer cannot be exported; it is named.
    """
    with silenced(), naming_the_layer(graph), torch.no_grad():
        program = torch.export.export(
            graph, (example_input(graph),), dynamic_shapes=(dynamic_sizes(graph),), strict=False
        )
        buffer = io.BytesIO()
        torch.export.save(program, buffer, extra_files=dict(metadata))
    return buffer.getvalue()


def load_program(path: Path) -> Runner:
    """Load a file of `export_program`."""
    with silenced(), path.open("rb") as file:
        module = torch.export.load(file).module()
    return lambda images: list(module(images))
