"""Weight files cut short, averaged, and in numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from darknet_torch.cfg.dialect import ALEXEYAB, Dialect
from darknet_torch.errors import UsageError, warn
from darknet_torch.model.loading import load_with_report
from darknet_torch.model.network import Network, WeightsHeader
from darknet_torch.model.weights import LoadReport, write_weights

StrPath = str | os.PathLike[str]


def partial(
    cfg: StrPath,
    weights: StrPath,
    out: StrPath,
    layers: int,
    *,
    dialect: str | Dialect = ALEXEYAB,
) -> LoadReport:
    """Write the first `layers` layers of a weight file, as if never trained.

    Returns:
        What was read. Layers that `weights` does not cover have starting values, as in C,
        with a warning.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`.
        UsageError: `layers` is below 1.

    Source: darknet.c partial (AlexeyAB).
    """
    if layers < 1:
        raise UsageError("no layers to keep", expected="1 or more", got=layers)
    _check_apart(out, [weights])
    network, read = load_with_report(cfg, weights, dialect=dialect, cutoff=layers)
    assert read is not None
    absent = [index for index in read.missing if index < layers]
    if absent:
        warn(
            f"has nothing for layer {absent[0]}, which gets random numbers",
            where=weights,
            expected=f"{layers} layers",
            got=f"{read.layers}",
        )
    network.header = WeightsHeader(*network.dialect.weight_file.version)
    write_weights(network, Path(out), cutoff=layers)
    return read


def average(
    cfg: StrPath,
    out: StrPath,
    weights: Sequence[StrPath],
    *,
    dialect: str | Dialect = ALEXEYAB,
) -> None:
    """Write the mean of several weight files of one cfg.

    The header is the first file's, with the version that the code base writes.

    Raises:
        UsageError: fewer than two files.
        CfgError, WeightsError: as `darknet_torch.load`; a file is partial.

    Source: darknet.c average (both code bases), in float32 as there.
    Differs: C leaves what is neither of a [convolutional] nor weights and biases of a
    [connected] as the first file has it; here every array is averaged.
    """
    if len(weights) < 2:
        raise UsageError("nothing to average", expected="two weight files or more", got=weights)
    _check_apart(out, weights)
    network = _complete(cfg, weights[0], dialect)
    for path in weights[1:]:
        _add(network, _complete(cfg, path, network.dialect))
    factor = torch.tensor(1 / len(weights), dtype=torch.float32)
    with torch.no_grad():
        for _, slot in network.slots():
            slot.tensor.mul_(factor)
    network.header = WeightsHeader(*network.dialect.weight_file.version, network.header.seen)
    write_weights(network, Path(out))


def _check_apart(out: StrPath, sources: Sequence[StrPath]) -> None:
    if Path(out).resolve() in {Path(source).resolve() for source in sources}:
        raise UsageError("is to be written over itself", where=out, fix="give another OUT")


def _complete(cfg: StrPath, weights: StrPath, dialect: str | Dialect) -> Network:
    network, read = load_with_report(cfg, weights, dialect=dialect)
    if read is not None and not read.complete:
        raise UsageError(
            "is a partial file", where=weights, expected="every layer", got=f"{read.layers} layers"
        )
    return network


@torch.no_grad()
def _add(network: Network, other: Network) -> None:
    for (_, slot), (_, theirs) in zip(network.slots(), other.slots(), strict=True):
        slot.tensor.add_(theirs.tensor)


@dataclass(frozen=True)
class ArrayStatistics:
    """An array of a weight file in numbers.

    Attributes:
        layer: index of its layer; section: the layer's section.
        name: of the array.
        count: how many values.
        rms: the root of their mean square, which Darknet calls MSE.
        mean, variance, least, largest: of the values that are finite.
        not_finite: how many are infinite or no number.
    """

    layer: int
    section: str
    name: str
    count: int
    rms: float
    mean: float
    variance: float
    least: float
    largest: float
    not_finite: int

    def line(self) -> str:
        """Darknet's line, with more behind it. Source: utils.c print_statistics."""
        bad = f", NOT FINITE: {self.not_finite}" if self.not_finite else ""
        return (
            f"{self.name} MSE: {self.rms:.6f}, Mean: {self.mean:.6f}, "
            f"Variance: {self.variance:.6f}, Min: {self.least:.6f}, Max: {self.largest:.6f}, "
            f"Count: {self.count}{bad}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


def statistics(
    cfg: StrPath, weights: StrPath, *, dialect: str | Dialect = ALEXEYAB, strict: bool = True
) -> list[ArrayStatistics]:
    """Every array of a weight file in numbers, in the order of the file.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`.

    Source: darknet.c statistics_net, connected_layer.c statistics_connected_layer.
    Differs: C looks at normalised [connected], [gru] and [lstm] alone, and of their weights
    at as many as there are outputs.
    """
    network, read = load_with_report(cfg, weights, dialect=dialect, strict=strict)
    assert read is not None
    return statistics_of(network, read)


def statistics_of(network: Network, read: LoadReport) -> list[ArrayStatistics]:
    """Every array that a weight file gave `network`, in numbers, in the order of the file."""
    return [
        _statistics(layer.index, layer.section, slot.name, slot.tensor)
        for layer, slot in network.slots()
        if layer.index not in read.missing
    ]


def _statistics(layer: int, section: str, name: str, tensor: Tensor) -> ArrayStatistics:
    values = tensor.detach().double().flatten()
    finite = values[values.isfinite()]
    shown = finite if finite.numel() else values.new_zeros(1)
    return ArrayStatistics(
        layer=layer,
        section=section,
        name=name,
        count=values.numel(),
        rms=float(shown.square().mean().sqrt()),
        mean=float(shown.mean()),
        variance=float(shown.var(correction=0)),
        least=float(shown.min()),
        largest=float(shown.max()),
        not_finite=values.numel() - finite.numel(),
    )
