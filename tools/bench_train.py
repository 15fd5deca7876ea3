"""Training steps, compared with the same network in PyTorch's own modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from darknet_torch.cfg.dialect import ALEXEYAB, without_bugs
from darknet_torch.heads.base import Head
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.model.loading import build
from darknet_torch.model.network import Network
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.loop import TrainingLoop

TRUTHS = 8  # per picture


def network(cfg: str, size: int, batch: int) -> Network:
    """Build a network as `dtorch train` does, with random initial values."""
    torch.manual_seed(0)
    dialect = without_bugs(ALEXEYAB)
    built = build(cfg, width=size, height=size, batch=batch, subdivisions=1, dialect=dialect)
    built.initialize()
    return built


def inputs(batch: int, size: int, classes: int) -> tuple[Tensor, Tensor]:
    """Make noise images, and rows of random boxes."""
    torch.manual_seed(0)
    truths = torch.zeros(batch, TRUTHS, 5)
    truths[..., :2] = torch.rand(batch, TRUTHS, 2) * 0.6 + 0.2
    truths[..., 2:4] = torch.rand(batch, TRUTHS, 2) * 0.3 + 0.05
    truths[..., 4] = torch.randint(classes, (batch, TRUTHS))
    return torch.rand(batch, 3, size, size), truths


def ours(built: Network, images: Tensor, truths: Tensor) -> Callable[[], object]:
    """Return a training step of this project: forward, Darknet's losses, backward, update."""
    loop = TrainingLoop(built)
    return lambda: loop.train_iteration([TrainBatch(images, truths)])


def peer(built: Network, images: Tensor) -> Callable[[], object]:
    """Return a training step with torch.nn layers in a plain loop, autograd, torch.optim.SGD.

    Its loss is the mean square of the outputs, without any matching of boxes, so the peer has less
    work to do.
    """
    plain = _Plain(built).train()
    optimizer = torch.optim.SGD(plain.parameters(), lr=1e-4, momentum=0.9, weight_decay=5e-4)

    def step() -> None:
        optimizer.zero_grad()
        loss = sum((output.square().mean() for output in plain(images)), torch.zeros(()))
        loss.backward()
        optimizer.step()

    return step


class _Plain(nn.Module):
    """The network with torch.nn.Conv2d, BatchNorm2d and activations for every [convolutional].

    Layers without parameters, which are one function each, are those of the network itself.
    """

    def __init__(self, built: Network) -> None:
        super().__init__()
        self.parts = nn.ModuleList(_part(layer) for layer in built.layers)
        self.sources = [layer.sources for layer in built.layers]
        self.heads = [isinstance(layer, Head) for layer in built.layers]

    def forward(self, images: Tensor) -> list[Tensor]:
        outputs: dict[int, Tensor] = {-1: images}
        for index, part in enumerate(self.parts):
            outputs[index] = part(*(outputs[source] for source in self.sources[index]))
        return [outputs[index] for index, is_head in enumerate(self.heads) if is_head]


_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "leaky": lambda: nn.LeakyReLU(0.1, inplace=True),
    "relu": lambda: nn.ReLU(inplace=True),
    "mish": nn.Mish,
    "linear": nn.Identity,
    "logistic": nn.Sigmoid,
}


def _part(layer: Any) -> nn.Module:
    if isinstance(layer, Head):
        return nn.Identity()
    if not isinstance(layer, Convolutional):
        part: nn.Module = layer
        return part
    geometry, weights = layer.geometry, layer.arrays.weights
    convolution = nn.Conv2d(
        weights.shape[1] * geometry.groups,
        weights.shape[0],
        geometry.size,
        (geometry.stride_y, geometry.stride_x),
        geometry.padding,
        groups=geometry.groups,
        bias=not layer.normalizes,
    )
    normalization = nn.BatchNorm2d(weights.shape[0]) if layer.normalizes else nn.Identity()
    activation = _ACTIVATIONS[layer.options.activation]()
    return nn.Sequential(convolution, normalization, activation)
