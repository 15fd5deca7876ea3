"""Preparing a network for engines: exported once, written for each, compared with PyTorch."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from darknet_torch.cpu.machine import machine_name
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.description import ModelDescription
from darknet_torch.engines.engine import Engine, EngineSettings, find_engine
from darknet_torch.engines.model_key import ModelKey
from darknet_torch.engines.prepared import (
    DIFFERENCE_FILE,
    PreparedModel,
    warnings_to_json,
)
from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.inference.backends.exported import export_for_engines
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.inference.description import describe_network
from darknet_torch.model.network import Network

LARGEST_DIFFERENCE = 1e-4  # of each output's largest value: float32 in another order of sums
_PROBES = 2  # pictures of noise
# How many times PyTorch's own rounding an engine may differ from PyTorch, where that is more: both
# round, and each may do so twice as much as PyTorch did with the probe.
_ROUNDINGS = 4


class Preparation:
    """Prepares one network for engines.

    The graph is exported when the first engine needs it.

    Attributes:
        description: of the network.

    Args:
        network: in evaluation mode; it is not changed.
        key: of the model.
        cache: where to store what is prepared.
        settings: those with which engines will load it.
        warnings: that loading the network issued; they are kept with what is prepared.

    Raises:
        UsageError: a head of the network decodes its boxes with formulas of its own, which an
            engine does not have.
    """

    def __init__(
        self,
        network: Network,
        key: ModelKey,
        cache: EngineCache,
        settings: EngineSettings,
        warnings: Sequence[CfgWarning] = (),
    ) -> None:
        self._warnings = tuple(warnings)
        self.network, self.key, self.cache, self.settings = network, key, cache, settings
        self.description: ModelDescription = describe_network(network)
        if not self.description.is_complete:
            raise UsageError(
                "cannot be prepared for an engine: a head decodes boxes with its own formulas",
                where=key.label,
                fix="leave out --backend",
            )

    def prepare(self, name: str) -> PreparedModel:
        """Write the network for an engine, compare its outputs with PyTorch's, and store it.

        Args:
            name: of the engine.

        Raises:
            UsageError: the engine, or what exports, is not installed; or the outputs differ by
                more than `LARGEST_DIFFERENCE` and than four times PyTorch's own rounding.
            CfgError: a layer cannot be exported.
            CacheError: it cannot be stored.
        """
        self.find_installed(name)
        graph = self.graph

        def write(engine: Engine, folder: Path) -> None:
            engine.write(graph, folder, self.settings)

        return self.store(name, self.key, write, limit=LARGEST_DIFFERENCE)

    @cached_property
    def graph(self) -> bytes:
        """The network as an ONNX model; it is exported when first asked for."""
        return export_for_engines(self.network)

    def find_installed(self, name: str) -> tuple[Engine, str]:
        """Return an engine and its version.

        Raises:
            UsageError: it is not installed.
        """
        engine = find_engine(name)
        version = engine.version()
        if version is None:
            engine.load(Path(), self.settings)  # says how to install it
        assert version is not None
        return engine, version

    def store(
        self,
        name: str,
        key: ModelKey,
        write: Callable[[Engine, Path], None],
        *,
        limit: float = math.inf,
    ) -> PreparedModel:
        """Store what an engine will load, with its difference from PyTorch.

        Args:
            name: of the engine.
            key: of the model.
            write: fills an empty folder with the engine's files.
            limit: of the difference.

        Raises:
            UsageError: the engine is not installed, or the difference is larger.
            CacheError: it cannot be stored.
        """
        engine, version = self.find_installed(name)
        difference = math.nan

        def fill(folder: Path) -> None:
            nonlocal difference
            write(engine, folder)
            difference = self._difference(engine, folder)
            self._check(difference, limit, engine)
            (folder / DIFFERENCE_FILE).write_text(json.dumps(difference))

        content = {
            "label": key.label,
            "engine": f"{engine.title} {version}",
            "model": self.description.to_json(),
            "warnings": warnings_to_json(self._warnings, key.source),
        }
        entry = self.cache.store(key.key(name, version, machine_name()), content, fill)
        # What was stored is not read again: other processes may have removed it since.
        folder, found = entry.folder, self._warnings
        return PreparedModel(engine, version, self.description, folder, difference, found)

    def _difference(self, engine: Engine, folder: Path) -> float:
        """Return the largest difference of an engine's outputs from PyTorch's on a probe."""
        probe = make_probe(self.description, _PROBES)
        found = engine.load(folder, self.settings).run(probe)
        expected = _outputs(self.network, probe)
        if not all(np.isfinite(one).all() for one in expected):
            raise UsageError(
                "the network computes numbers that are not finite, which cannot be compared",
                where=self.key.label,
                expected="weights of a trained network",
                fix="use --backend torch",
            )
        return _largest_difference(found, expected)

    def _check(self, difference: float, limit: float, engine: Engine) -> None:
        """Refuse a difference above the limit and above what rounding explains."""
        if limit < math.inf and not difference <= limit:
            limit = max(limit, _ROUNDINGS * self._rounding())
        if limit < math.inf and not difference <= limit:
            raise UsageError(
                f"{engine.title} computes other numbers than PyTorch",
                where=self.key.label,
                expected=f"outputs within {limit:.2g} of their largest value",
                got=f"{difference:.2g}",
                fix="use another --backend",
            )

    def _rounding(self) -> float:
        """Return the largest difference of PyTorch's float32 from its float64 on a probe.

        In deep networks, above all with random weights, it exceeds `LARGEST_DIFFERENCE`.
        """
        probe = make_probe(self.description, _PROBES)
        exact = _outputs(copy.deepcopy(self.network).double(), probe)
        return _largest_difference(_outputs(self.network, probe), exact)


def _outputs(network: Network, images: np.ndarray) -> list[np.ndarray]:
    outputs = TorchBackend(network).predict_for_decoding(images)
    return [output.numpy() for output in outputs]


def make_probe(model: ModelDescription, count: int) -> np.ndarray:
    """Make pictures of noise, [count, C, H, W] in the order of memory that detectors give."""
    shape = (count, model.height, model.width, model.channels)
    return np.random.default_rng(0).random(shape, np.float32).transpose(0, 3, 1, 2)


def _largest_difference(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    """Return the largest difference of outputs, as a part of the largest value of each."""
    differences = [
        np.abs(one - other).max() / max(np.abs(other).max(), np.finfo(np.float32).tiny)
        for one, other in zip(found, expected, strict=True)
    ]
    return float(np.max(differences))  # unlike max, it keeps NaN
