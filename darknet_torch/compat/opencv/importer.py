"""Read Darknet's files as OpenCV 4's importer does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from darknet_torch.cfg.dialect import ALEXEYAB_CUDA
from darknet_torch.cfg.grammar import Section, decode_cfg, parse_cfg, read_cfg
from darknet_torch.errors import WeightsError
from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.weights import read_weights
from darknet_torch.ops.normalization import with_divisor

Buffer = bytes | bytearray | memoryview | np.ndarray
PathOrBytes = str | os.PathLike[str] | Buffer

# OpenCV's results are closest to those of Darknet's CUDA build: [maxpool] sees its whole window,
# every stride is applied, and the output of [region] lies channel by channel.
OPENCV = replace(
    ALEXEYAB_CUDA,
    name="opencv",
    numerics=replace(ALEXEYAB_CUDA.numerics, xnor_in_bits=False),
    geometry=replace(ALEXEYAB_CUDA.geometry, flat_region=False),
)
_EPSILON = 1e-6


def read_sections(cfg: PathOrBytes) -> list[Section]:
    """Parse a cfg, given by its path or as its bytes.

    Raises:
        CfgError: the file cannot be read, or is not a cfg.
    """
    if isinstance(cfg, str | os.PathLike):
        return read_cfg(os.fspath(cfg))
    return parse_cfg(decode_cfg(_to_bytes(cfg)))


def is_given(source: PathOrBytes) -> bool:
    """Return whether `source` is neither an empty path nor empty bytes."""
    return len(source if isinstance(source, Buffer) else os.fspath(source)) > 0


def build(sections: Sequence[Section]) -> Network:
    """Build the network of a cfg, with arrays that have no values.

    Raises:
        CfgError: Darknet would refuse the cfg.
    """
    return build_network(sections, dialect=OPENCV, initialize=False)


def fill(network: Network, weights: PathOrBytes) -> None:
    """Read a weight file, given by its path or as its bytes, into `network`.

    Leftover bytes are ignored, as in OpenCV.

    Raises:
        WeightsError: the file is not a weight file, or is too short.

    Source: darknet_io.cpp ReadDarknetFromWeightsStream (OpenCV 4.12).
    Differs: OpenCV accepts a file that is too short, and computes with uninitialized memory.
    """
    if isinstance(weights, str | os.PathLike):
        _fill(network, Path(weights))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "buffer.weights"
        file.write_bytes(_to_bytes(weights))
        _fill(network, file)


def _fill(network: Network, file: Path) -> None:
    report = read_weights(network, file, strict=False)
    if not report.complete:
        raise WeightsError(
            "the file ends before the last layer of the network",
            where=file,
            expected=f"values for {report.total} layers",
            got=str(report).partition(": ")[2],
            fix="use the weights of exactly this cfg",
        )
    _use_opencv_epsilon(network)


@torch.no_grad()
def _use_opencv_epsilon(network: Network) -> None:
    """Make batch normalisation divide by sqrt(variance + 1e-6), as OpenCV's importer does."""
    for module in network.modules():
        if isinstance(module, Normalization):
            scales, variance = with_divisor(
                module.scales.double(),
                torch.sqrt(module.rolling_variance.double() + _EPSILON),
                epsilon_inside_root=module.epsilon_inside_root,
            )
            module.scales.copy_(scales)
            module.rolling_variance.copy_(variance)


def _to_bytes(buffer: Buffer) -> bytes:
    return buffer.tobytes() if isinstance(buffer, np.ndarray) else bytes(buffer)
