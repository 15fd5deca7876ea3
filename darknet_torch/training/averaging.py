"""ema_alpha: a moving average of the weights."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.model.network import Network

_TAIL = 1000  # iterations before the end at which the average becomes the weights


class WeightAverage:
    """The average of what convolutions learnt over the second half of a training.

    It starts at half of max_batches, and replaces the weights 1,000 iterations before the
    end, whose batches then renew the rolling statistics.

    Source: network.c train_network_waitkey, ema_update, ema_apply (AlexeyAB).
    """

    def __init__(self, network: Network, alpha: float) -> None:
        self.alpha, self.net = alpha, network.net
        self.arrays = list(_arrays(network)) if alpha else []
        self.averages: list[Tensor] = []

    @staticmethod
    def of(network: Network) -> WeightAverage:
        """With the network's own ema_alpha; none if that is 0."""
        return WeightAverage(network, network.net.ema_alpha)

    @torch.no_grad()
    def update(self, iteration: int) -> None:
        """After the update of that number."""
        most = self.net.max_batches
        if not self.alpha or iteration < most // 2:
            return
        if not self.averages:
            self.averages = [array.detach().clone() for array in self.arrays]
        if iteration == most - _TAIL:
            self._swap_in()
        elif iteration < most - _TAIL:
            for average, array in zip(self.averages, self.arrays, strict=True):
                average.lerp_(array.detach(), 1 - self.alpha)

    def load(self, averages: list[Tensor]) -> None:
        """Go on with `averages`, one for each of `arrays`, or none before the first."""
        self.averages = [
            average.to(array.device) for average, array in zip(averages, self.arrays, strict=False)
        ]

    def _swap_in(self) -> None:
        for average, array in zip(self.averages, self.arrays, strict=True):
            array.copy_(average)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange weights and averages, to write the averages; again to go on."""
        for average, array in zip(self.averages, self.arrays, strict=True):
            kept = array.detach().clone()
            array.copy_(average)
            average.copy_(kept)


def _arrays(network: Network) -> Iterator[nn.Parameter]:
    for layer in network.layers:
        if isinstance(layer, Convolutional):
            for slot in layer.weight_slots():
                if isinstance(slot.tensor, nn.Parameter):
                    yield slot.tensor
