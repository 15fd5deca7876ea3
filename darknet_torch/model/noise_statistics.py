"""Rolling statistics for networks that were never trained, and pictures to run them on.

Darknet starts the rolling variance at 0, so what a fresh network computes at inference grows
beyond float32 within some layers. Such numbers compare nothing, and NaN takes other times.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from darknet_torch.layers.batchnorm import Normalization
from darknet_torch.model.network import Network


def noise(network: Network, count: int, *, seed: int = 0) -> Tensor:
    """Return random pictures for a network, or random characters if its input is no picture.

    Args:
        network: its cfg gives the size.
        count: how many.
        seed: of the random numbers.

    Returns:
        [N, C, H, W] float32 in 0-1, on the CPU; a character is a row with a single 1.
    """
    shape, make = network.net.input_shape, torch.Generator().manual_seed(seed)
    if shape.height * shape.width == 1:
        rows = torch.zeros(count, shape.channels, 1, 1)
        rows[range(count), torch.randint(shape.channels, (count,), generator=make)] = 1
        return rows
    return torch.rand(count, shape.channels, shape.height, shape.width, generator=make)


@torch.no_grad()
def set_rolling_statistics(network: Network, images: Tensor) -> None:
    """Set every rolling mean and variance to those that `images` have at that place.

    Args:
        network: changed in place; in evaluation mode afterwards, without a state.
        images: [N, C, H, W], two at least: where a map has one position, one picture has no
            variance.
    """
    parts = [part for part in network.modules() if isinstance(part, Normalization)]
    with _whole_steps(parts):
        network.train()(images)
    network.eval().reset_state()


@contextmanager
def _whole_steps(parts: list[Normalization]) -> Iterator[None]:
    """Let the statistics of a batch replace the rolling ones instead of entering them."""
    steps = [part.rolling_step for part in parts]
    for part in parts:
        part.rolling_step = 1.0
    try:
        yield
    finally:
        for part, step in zip(parts, steps, strict=True):
            part.rolling_step = step
