"""Reading any kind of model file into a network that is there already."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from darknet_torch.cfg.model_names import SAFETENSORS_SUFFIXES, contains_cfg
from darknet_torch.checkpoints.registry import Layout, find_layout
from darknet_torch.checkpoints.unwrap import find_state
from darknet_torch.errors import UsageError
from darknet_torch.loading.model import Metadata, covered_layers, parse_metadata
from darknet_torch.loading.state_files import load_state, read_pt, read_safetensors
from darknet_torch.model.loading import fill
from darknet_torch.model.network import Network
from darknet_torch.model.weights import LoadReport

_OWN_KEY = re.compile(r"layers\.\d+\.")


@dataclass(frozen=True)
class StateFile:
    """A .pt or .safetensors file that was read.

    Attributes:
        path: the file.
        state: key -> array.
        metadata: of the model; None unless this package wrote the file.
        layout: the program whose keys these are; None for the keys of `Network`.
    """

    path: Path
    state: Mapping[str, Tensor]
    metadata: Metadata | None
    layout: Layout | None

    @property
    def origin(self) -> str:
        """The file, and the program that wrote it if that is another one."""
        return str(self.path) + (f" (a checkpoint of {self.layout.name})" if self.layout else "")

    def fill(self, network: Network, *, cutoff: int | None = None) -> LoadReport:
        """Copy the arrays into a network; layers without any get Darknet's starting values.

        Args:
            network: is changed in place.
            cutoff: read only that many layers, counted from the first; for files of this
                package.

        Raises:
            WeightsError: the arrays do not fit the network.
            UsageError: they are stored for another dialect.
        """
        layers: int | None = None
        if self.layout is not None:
            network.initialize()
            layers = self.layout.fill(network, self.state, self.path)
        else:
            if self.metadata is not None:
                self._check_dialect(network)
                layers = covered_layers(network, self.metadata)
            load_state(network, self.state, str(self.path), cutoff=cutoff)
            network.header = self.metadata.header if self.metadata else network.header
        total = len(network.layers)
        report = _report(network, str(self.path), min([total, *_given(layers, cutoff)]))
        if cutoff is not None:  # otherwise the file has an array for every layer
            network.initialize(report.missing)
        return report

    def _check_dialect(self, network: Network) -> None:
        assert self.metadata is not None
        own, given = self.metadata.dialect.name, network.dialect.name
        if own != given:
            raise UsageError(
                "contains a model of another dialect",
                where=self.path,
                expected=own,
                got=given,
                fix=f"use --dialect {own}; to rewrite the model: dtorch convert --dialect-to",
            )


def read_state_file(path: Path) -> StateFile:
    """Read a .pt or .safetensors file, of this package or of a known port or backbone.

    Raises:
        WeightsError: it cannot be read, or is not a known checkpoint.
        UsageError: it is a .safetensors file, and safetensors is not installed.
    """
    is_safetensors = path.suffix.lower() in SAFETENSORS_SUFFIXES
    loaded: Any
    loaded, text = read_safetensors(path) if is_safetensors else read_pt(path)
    if text is not None:
        return StateFile(path, loaded, parse_metadata(text, str(path)), None)
    state = find_state(loaded, str(path))
    is_own = all(_OWN_KEY.match(key) for key in state)
    return StateFile(path, state, None, None if is_own else find_layout(state, path))


def fill_from_file(
    network: Network,
    weights: str | os.PathLike[str],
    *,
    strict: bool,
    cutoff: int | None = None,
) -> LoadReport:
    """Read a model file of any kind into a network; the rest gets Darknet's starting values.

    Args:
        network: the network, changed in place.
        weights: the path of a weight file, of a .pt or .safetensors file of this package, or of
            a checkpoint of a known port or backbone.
        strict: bytes left over at the end of a weight file are an error.
        cutoff: read only this many layers, counted from the first.

    Returns:
        What was read, and which layers got starting values.

    Raises:
        WeightsError: the file does not exist, or does not fit the network.
        UsageError: it is a .pt or .safetensors file of another dialect.
    """
    path = Path(weights)
    if contains_cfg(path):
        return read_state_file(path).fill(network, cutoff=cutoff)
    return fill(network, path, strict=strict, cutoff=cutoff)


def _given(*numbers: int | None) -> list[int]:
    return [number for number in numbers if number is not None]


def _report(network: Network, path: str, layers: int) -> LoadReport:
    """The report of a state_dict that covers that many layers, counted from the first."""
    covered = [(layer, slot) for layer, slot in network.slots() if layer.index < layers]
    missing = {layer.index for layer, _ in network.slots() if layer.index >= layers}
    last = covered[-1][0] if covered else None
    return LoadReport(
        path=path,
        header=network.header,
        layers=layers,
        total=len(network.layers),
        floats=sum(slot.tensor.numel() for _, slot in covered),
        leftover=0,
        missing=tuple(sorted(missing)),
        last=f"layer {last.index} [{last.section}]" if last else "",
    )
