"""Operations on weight files: keep the first layers, average, show statistics."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from darknet_torch.cfg.dialect import ALEXEYAB, Dialect
from darknet_torch.cfg.size_limits import allowing_large_networks
from darknet_torch.conversion.extensions import warn_of_extensions
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError, warn
from darknet_torch.input_files import refuse_overwrite_of_inputs
from darknet_torch.loading.load import load_model
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
    allow_large: bool = False,
) -> LoadReport:
    """Write the first layers of a weight file to another one, with `seen` at 0.

    Args:
        cfg, weights: the model.
        out: the file to write.
        layers: how many layers to keep, 1 or more.
        dialect: the code base that the model comes from.
        allow_large: as in `darknet_torch.load`.

    Returns:
        What was read.

    Warns:
        CfgWarning: the network has fewer layers; or `weights` does not cover all of them, and the
            others get starting values, as in C; or the C code ignores options of the network.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`.
        UsageError: `layers` is below 1, or `out` is `cfg` or `weights`.

    Source: darknet.c partial (AlexeyAB).
    """
    if layers < 1:
        raise UsageError("no layers to keep", expected="1 or more", got=layers)
    files = resolve_model(cfg, weights)
    refuse_overwrite_of_inputs(out, [files.cfg, files.weights])
    model = load_model(cfg, weights, dialect=dialect, cutoff=layers, allow_large=allow_large)
    network, read = model.network, model.report
    assert read is not None
    if layers > read.total:
        warn(
            "the network has fewer layers, all of which are written",
            where=files.cfg,
            expected=f"1 to {read.total} layers",
            got=layers,
        )
    absent = [index for index in read.missing if index < layers]
    if absent:
        warn(
            f"has no arrays for layer {absent[0]}, which gets random values",
            where=weights,
            expected=f"{layers} layers",
            got=f"{read.layers}",
        )
    network.header = WeightsHeader(*network.dialect.weight_file.version)
    warn_of_extensions(network, out)
    write_weights(network, Path(out), cutoff=layers)
    return read


def average(
    cfg: StrPath,
    out: StrPath,
    weights: Sequence[StrPath],
    *,
    dialect: str | Dialect = ALEXEYAB,
    allow_large: bool = False,
) -> None:
    """Write the mean of several weight files of one cfg.

    `seen` comes from the first file; the version is the one that the code base writes.

    Args:
        cfg: the cfg of all files.
        out: the file to write.
        weights: two files or more.
        dialect: the code base that they come from.
        allow_large: as in `darknet_torch.load`.

    Raises:
        UsageError: there are fewer than two files, one is partial, or `out` is one of them or
            `cfg`.
        CfgError, WeightsError: as `darknet_torch.load`.

    Warns:
        CfgWarning: the C code ignores options of the network.

    Source: darknet.c average (both code bases), in float32 as there.
    Differs: C averages the arrays of [convolutional], and weights and biases of [connected];
    all others stay as in the first file. Here every array is averaged.
    """
    if len(weights) < 2:
        raise UsageError("nothing to average", expected="two weight files or more", got=weights)
    files = [resolve_model(cfg, path) for path in weights]
    refuse_overwrite_of_inputs(out, [files[0].cfg, *(each.weights for each in files)])
    with allowing_large_networks(allow_large):
        network = _load_complete(cfg, weights[0], dialect)
        for path in weights[1:]:
            _add_arrays(network, _load_complete(cfg, path, network.dialect))
    factor = torch.tensor(1 / len(weights), dtype=torch.float32)
    with torch.no_grad():
        for _, slot in network.slots():
            slot.tensor.mul_(factor)
    network.header = WeightsHeader(*network.dialect.weight_file.version, network.header.seen)
    warn_of_extensions(network, out)
    write_weights(network, Path(out))


def _load_complete(cfg: StrPath, weights: StrPath, dialect: str | Dialect) -> Network:
    model = load_model(cfg, weights, dialect=dialect)
    network, read = model.network, model.report
    if read is not None and not read.complete:
        raise UsageError(
            "is a partial file", where=weights, expected="every layer", got=f"{read.layers} layers"
        )
    return network


@torch.no_grad()
def _add_arrays(total: Network, network: Network) -> None:
    for (_, sum_slot), (_, slot) in zip(total.slots(), network.slots(), strict=True):
        sum_slot.tensor.add_(slot.tensor)


@dataclass(frozen=True)
class ArrayStatistics:
    """Statistics of an array of a weight file.

    Attributes:
        layer: index of its layer.
        section: section of its layer in the cfg.
        name: of the array.
        count: number of values.
        rms: root mean square of the finite values, which Darknet calls MSE.
        mean, variance, minimum, maximum: of the finite values.
        not_finite: number of values that are infinite or NaN.
    """

    layer: int
    section: str
    name: str
    count: int
    rms: float
    mean: float
    variance: float
    minimum: float
    maximum: float
    not_finite: int

    def line(self) -> str:
        """The line that Darknet prints, followed by further numbers.

        Source: utils.c print_statistics.
        """
        bad = f", NOT FINITE: {self.not_finite}" if self.not_finite else ""
        return (
            f"{self.name} MSE: {self.rms:.6f}, Mean: {self.mean:.6f}, "
            f"Variance: {self.variance:.6f}, Min: {self.minimum:.6f}, Max: {self.maximum:.6f}, "
            f"Count: {self.count}{bad}"
        )

    def to_dict(self) -> dict[str, Any]:
        """All attributes as plain values, for JSON."""
        return asdict(self)


def statistics(
    cfg: StrPath | None,
    weights: StrPath,
    *,
    dialect: str | Dialect = ALEXEYAB,
    strict: bool = True,
    allow_large: bool = False,
) -> list[ArrayStatistics]:
    """Statistics of every array of a weight file, in the order of the file.

    Args:
        cfg, weights: the model; without a cfg it is found as in `darknet_torch.load`.
        dialect: the code base that it comes from.
        strict: bytes left over in the weight file are an error.
        allow_large: as in `darknet_torch.load`.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`.

    Source: darknet.c statistics_net, connected_layer.c statistics_connected_layer.
    Differs: C shows only normalised [connected], [gru] and [lstm] layers, and of their weights
    only as many values as there are outputs.
    """
    model = load_model(cfg, weights, dialect=dialect, strict=strict, allow_large=allow_large)
    assert model.report is not None
    return network_statistics(model.network, model.report)


def network_statistics(network: Network, read: LoadReport) -> list[ArrayStatistics]:
    """Statistics of the arrays of `network` that were read from a weight file, in its order."""
    return [
        _array_statistics(layer.index, layer.section, slot.name, slot.tensor)
        for layer, slot in network.slots()
        if layer.index not in read.missing
    ]


def _array_statistics(layer: int, section: str, name: str, tensor: Tensor) -> ArrayStatistics:
    values = tensor.detach().double().flatten()
    finite = values[values.isfinite()]
    measured = finite if finite.numel() else values.new_zeros(1)
    return ArrayStatistics(
        layer=layer,
        section=section,
        name=name,
        count=values.numel(),
        rms=float(measured.square().mean().sqrt()),
        mean=float(measured.mean()),
        variance=float(measured.var(correction=0)),
        minimum=float(measured.min()),
        maximum=float(measured.max()),
        not_finite=values.numel() - finite.numel(),
    )
