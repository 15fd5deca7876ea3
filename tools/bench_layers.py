"""Where the time of an optimised network goes: the steps of its program, by kind of layer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from darknet_torch.layers.base import Layer
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.model.network import Network


@dataclass
class Kind:
    """The steps of layers of a kind.

    Attributes:
        count: how many there are.
        seconds: of all of them.
        shortest: of the one that takes least, seconds.
        bflops: billions of operations, as Darknet counts them.
    """

    count: int = 0
    seconds: float = 0.0
    shortest: float = float("inf")
    bflops: float = 0.0


@torch.inference_mode()
def step_seconds(network: Network, images: Tensor, repeats: int) -> dict[int, float]:
    """The least time of each step of the optimised network, by index of its layer.

    Args:
        network: in evaluation mode.
        images: [N, C, H, W].
        repeats: runs of the whole network.
    """
    program = network.optimize()._program
    least: dict[int, float] = {}
    for _ in range(repeats):
        maps = {-1: images.contiguous(memory_format=torch.channels_last)}
        for step in program:
            inputs = [maps[source] for source in step.sources]
            began = time.perf_counter()
            maps[step.index] = step.compute(*inputs)
            spent = time.perf_counter() - began
            least[step.index] = min(least.get(step.index, spent), spent)
            for index in step.done:
                del maps[index]
    return least


def kinds(network: Network, least: dict[int, float]) -> dict[str, Kind]:
    """The times of `step_seconds` by kind of layer, the most expensive kind first."""
    found: dict[str, Kind] = {}
    for index, seconds in least.items():
        layer = network.layers[index]
        kind = found.setdefault(_name(layer), Kind())
        kind.count += 1
        kind.seconds += seconds
        kind.shortest = min(kind.shortest, seconds)
        kind.bflops += layer.bflops
    return dict(sorted(found.items(), key=lambda item: -item[1].seconds))


def _name(layer: Layer) -> str:
    if not isinstance(layer, Convolutional):
        return layer.section
    size = layer.geometry.size
    groups = ", grouped" if layer.geometry.groups > 1 else ""
    return f"{layer.section} {size}x{size}{groups}, {layer.options.activation}"


def lines(found: dict[str, Kind]) -> Iterator[str]:
    """The table of `kinds`, a line each."""
    total = sum(kind.seconds for kind in found.values())
    yield f"{'layers':40}{'count':>6}{'ms':>9}{'share':>7}{'shortest, us':>14}{'GFLOP/s':>9}"
    for name, kind in found.items():
        speed = f"{kind.bflops / kind.seconds:.0f}" if kind.bflops else ""
        yield (
            f"{name:40}{kind.count:6}{1000 * kind.seconds:9.2f}{kind.seconds / total:7.1%}"
            f"{1e6 * kind.shortest:14.0f}{speed:>9}"
        )
