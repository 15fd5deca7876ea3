"""Errors of PyTorch's exporters, traced back to the layer that cannot be exported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from darknet_torch.errors import CfgError
from darknet_torch.export.graphs import Graph, input_sizes
from darknet_torch.export.tracing import BATCH
from darknet_torch.heads.base import Head


@contextmanager
def naming_the_layer(graph: Graph) -> Iterator[None]:
    """Turn an error of PyTorch's exporter into one that names the layer at fault.

    Raises:
        CfgError: PyTorch cannot export the graph.
    """
    try:
        yield
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        raise _find_cause(graph, error) from error
    except Exception as error:
        if not type(error).__module__.startswith("torch."):
            raise
        raise _find_cause(graph, error) from error


def first_line(error: BaseException) -> str:
    """The first line of the message of the root cause of `error`."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _find_cause(graph: Graph, error: Exception) -> CfgError:
    """The error for the first layer that PyTorch cannot export on its own."""
    for layer in graph.network.layers:
        shapes = [_source_shape(graph, source) for source in layer.sources]
        example = tuple(torch.rand(BATCH, *shape) for shape in shapes)
        reason = _try_export(layer, example, dynamic=graph.second_size is not None)
        if reason is not None:
            return layer.config_error(f"layer {layer.index} cannot be exported", got=reason)
    for head in graph.network.heads if graph.decodes else ():
        shape = head.output_shape
        output = torch.rand(BATCH, shape.channels, shape.height, shape.width)
        reason = _try_export(_Decoder(head), (output,), dynamic=False)
        if reason is not None:
            return head.config_error(
                f"the boxes of layer {head.index} cannot be exported",
                got=reason,
                fix="leave out --decode and --nms",
            )
    return CfgError(
        "PyTorch cannot export this network",
        where=graph.network.net.where,
        got=first_line(error),
        fix="give another --opset, or leave out --nms and --decode",
    )


class _Decoder(nn.Module):
    """The boxes and scores of a head's output, as a module that can be exported."""

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head

    def forward(self, output: Tensor) -> tuple[Tensor, Tensor]:
        found = self.head.decode(output, *output.shape[-2:])
        return found.boxes, found.class_scores


def _try_export(module: nn.Module, example: tuple[Tensor, ...], *, dynamic: bool) -> str | None:
    """Try to export `module`; return why PyTorch cannot, or None if it can."""
    # AUTO, not DYNAMIC: a single layer may fix a size that the whole network leaves open.
    auto = torch.export.Dim.AUTO
    sizes = {0: auto, 2: auto, 3: auto} if dynamic and len(example) == 1 else None
    shapes = None if sizes is None else (sizes,)
    try:
        torch.export.export(module, example, dynamic_shapes=shapes, strict=False)
    except Exception as reason:  # noqa: BLE001 - any exception means that it cannot
        return first_line(reason)
    return None


def _source_shape(graph: Graph, source: int) -> tuple[int, int, int]:
    """Channels, height and width of a layer's output; of the input for an index below 0."""
    if source < 0:
        return input_sizes(graph.network)
    shape = graph.network.layers[source].output_shape
    return shape.channels, shape.height, shape.width
