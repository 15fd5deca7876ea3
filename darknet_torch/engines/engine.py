"""What an engine is, and the list of them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from darknet_torch.engines.names import ENGINES
from darknet_torch.errors import UsageError


@dataclass(frozen=True)
class EngineSettings:
    """How an engine computes.

    Attributes:
        threads: how many it may use, 1 or more.
        for_throughput: favour pictures per second over the time of one batch.
        on_gpu: compute on the first CUDA device, where the engine can.
    """

    threads: int
    for_throughput: bool = False
    on_gpu: bool = False


class Session(Protocol):
    """A graph that an engine has loaded."""

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Compute the graph's outputs.

        Args:
            images: [N, C, H, W] float32 in 0-1, of any N, in any order of memory.

        Returns:
            The outputs in the order of the graph, float32. A later call does not change them.
        """


class Engine(Protocol):
    """A library that runs graphs.

    Attributes:
        name: as `--backend` spells it.
        title: as its makers spell it.
        package: the distribution that is installed for it.
        extra: the extra of darknet-torch that installs it.
    """

    name: str
    title: str
    package: str
    extra: str

    def version(self) -> str | None:
        """Return its version without importing it; None if it is not installed."""

    def write(self, graph: bytes, folder: Path, settings: EngineSettings) -> None:
        """Write a graph in the form that this engine loads fastest.

        Args:
            graph: a model of `darknet_torch.export.onnx.export_onnx`, with a dynamic batch.
            folder: an empty folder for any number of files.
            settings: those with which it will be loaded.

        Raises:
            UsageError: the engine is not installed, or cannot run this graph.
        """

    def load(self, folder: Path, settings: EngineSettings) -> Session:
        """Load what `write` wrote; the files may be removed afterwards.

        Raises:
            UsageError: the engine is not installed, or the files are not what it wrote.
        """


_CLASSES = {"onnxruntime": "OnnxRuntime", "openvino": "OpenVino"}  # each in its own module


def find_engine(name: str) -> Engine:
    """Return the engine of a name; the library itself is not imported.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in ENGINES:
        raise UsageError("unknown engine", expected=" or ".join(ENGINES), got=repr(name))
    module = importlib.import_module(f"darknet_torch.engines.{name}")
    engine: Engine = getattr(module, _CLASSES[name])()
    return engine
