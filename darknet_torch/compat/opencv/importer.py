"""Darknet's files read as OpenCV 4's importer reads them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from darknet_torch.cfg.dialect import ALEXEYAB_CUDA
from darknet_torch.cfg.grammar import Section, parse_cfg, read_cfg
from darknet_torch.errors import WeightsError
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.weights import read_weights
from darknet_torch.ops.normalization import with_divisor

Buffer = bytes | bytearray | memoryview | np.ndarray
Source = str | os.PathLike[str] | Buffer

# What OpenCV computes is nearest to the CUDA build: no blocks in [maxpool], every stride steps.
# [region] keeps the objectness only channel by channel.
OPENCV = replace(
    ALEXEYAB_CUDA,
    name="opencv",
    numerics=replace(ALEXEYAB_CUDA.numerics, xnor_in_bits=False),
    geometry=replace(ALEXEYAB_CUDA.geometry, flat_region=False),
)
_EPSILON = 1e-6


def read_sections(cfg: Source) -> list[Section]:
    """The sections of a cfg, given by path or as the file's bytes.

    Raises:
        CfgError: it cannot be read, or is no cfg.
    """
    if isinstance(cfg, str | os.PathLike):
        return read_cfg(os.fspath(cfg))
    return parse_cfg(_bytes(cfg).decode("latin-1"))


def is_given(source: Source) -> bool:
    """Whether `source` names a file or holds one."""
    return len(source if isinstance(source, Buffer) else os.fspath(source)) > 0


def build(sections: Sequence[Section]) -> Network:
    """The network of a cfg, its arrays without values.

    Raises:
        CfgError: Darknet would refuse the cfg.
    """
    return build_network(sections, dialect=OPENCV, initialize=False)


def fill(network: Network, weights: Source) -> None:
    """Read a weight file, given by path or as its bytes, into `network`.

    Bytes left over are ignored, as by OpenCV.

    Raises:
        WeightsError: it is no weight file, or too short.

    Source: darknet_io.cpp ReadDarknetFromWeightsStream (OpenCV 4.12).
    Differs: OpenCV takes a file that is too short, and computes with whatever memory held.
    """
    if isinstance(weights, str | os.PathLike):
        _fill(network, Path(weights))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "buffer.weights"
        file.write_bytes(_bytes(weights))
        _fill(network, file)


def _fill(network: Network, file: Path) -> None:
    report = read_weights(network, file, strict=False)
    if not report.complete:
        raise WeightsError(
            "ends before the network does",
            where=file,
            expected=f"values for {report.total} layers",
            got=str(report).partition(": ")[2],
            fix="take the weights of this very cfg",
        )
    _take_epsilon(network)


@torch.no_grad()
def _take_epsilon(network: Network) -> None:
    """Let batch normalisation divide by sqrt(variance + 1e-6), as OpenCV's importer says."""
    for module in network.modules():
        if isinstance(module, Normalization):
            scales, variance = with_divisor(
                module.scales.double(),
                torch.sqrt(module.rolling_variance.double() + _EPSILON),
                epsilon_inside_root=module.epsilon_inside_root,
            )
            module.scales.copy_(scales)
            module.rolling_variance.copy_(variance)


def _bytes(buffer: Buffer) -> bytes:
    return buffer.tobytes() if isinstance(buffer, np.ndarray) else bytes(buffer)
