"""Helpers of the three exporters: an example input, dynamic sizes, suppressed output."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import torch
from torch import Tensor

from darknet_torch.export.graphs import Graph, input_sizes

Runner = Callable[[Tensor], list[Tensor]]  # images [N, C, H, W] -> outputs of the graph

BATCH = 2  # of the example: PyTorch takes a size of 1 for fixed


def example_input(graph: Graph) -> Tensor:
    """Random pictures [2, C, H, W] in 0-1 that the graph is traced with."""
    return torch.rand(BATCH, *input_sizes(graph.network))


def dynamic_sizes(graph: Graph) -> dict[int, Any]:
    """The dimensions of the input that may vary: the batch, and height and width if possible.

    Returns:
        Dimension -> `torch.export.Dim.DYNAMIC`, as `torch.export.export` takes them.
    """
    dynamic = torch.export.Dim.DYNAMIC
    return {0: dynamic, 2: dynamic, 3: dynamic} if graph.second_size else {0: dynamic}


@contextmanager
def silenced() -> Iterator[None]:
    """Suppress everything that PyTorch logs, prints and warns of during an export.

    The user can act on none of it. PyTorch also warns of TorchScript's deprecation, in one
    category up to version 2.13 and in another one since.
    """
    logging_before, ignored = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(ignored), redirect_stderr(ignored):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging_before)
