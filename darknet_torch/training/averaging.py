"""ema_alpha=: an exponential moving average of the weights."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from darknet_torch.model.network import Network
from darknet_torch.training.saved_arrays import saved_array

_TAIL = 1000  # the average replaces the weights so many iterations before the end


class WeightAverage:
    """The moving average of the arrays of all convolutions in the second half of a training.

    It starts at half of max_batches and replaces the weights 1,000 iterations before the end;
    the batches after that renew the rolling statistics.

    Args:
        network: the network in training.
        alpha: weight of the old average, 0-1; 0 for no average.

    Attributes:
        arrays: the averaged parameters.
        averages: their averages, empty before the first.

    Source: network.c train_network_waitkey, ema_update, ema_apply (AlexeyAB).
    """

    def __init__(self, network: Network, alpha: float) -> None:
        self.alpha, self.net = alpha, network.net
        self.arrays = list(_arrays(network)) if alpha else []
        self.averages: list[Tensor] = []

    @staticmethod
    def of_network(network: Network) -> WeightAverage:
        """The average that ema_alpha= in [net] asks for."""
        return WeightAverage(network, network.net.ema_alpha)

    @torch.no_grad()
    def update(self, iteration: int) -> None:
        """Take the weights after update number `iteration` into the average."""
        most = self.net.max_batches
        if not self.alpha or iteration < most // 2:
            return
        if not self.averages:
            self.averages = [array.detach().clone() for array in self.arrays]
        self._follow_frozen()
        if iteration == most - _TAIL:
            self._swap_in()
        elif iteration < most - _TAIL:
            for average, array in zip(self.averages, self.arrays, strict=True):
                average.lerp_(array.detach(), 1 - self.alpha)

    def _follow_frozen(self) -> None:
        """Let the average of a frozen array be the array: averaging changes neither."""
        for average, array in zip(self.averages, self.arrays, strict=True):
            if not array.requires_grad:
                average.copy_(array)

    def load(self, averages: list[Tensor]) -> None:
        """Go on with `averages`, one for each of `arrays`, or none before the first.

        Raises:
            ValueError: they are of other arrays.
        """
        self.averages = [
            saved_array(average, array, "an average")
            for average, array in zip(averages, self.arrays, strict=bool(averages and self.arrays))
        ]

    def _swap_in(self) -> None:
        for average, array in zip(self.averages, self.arrays, strict=True):
            array.copy_(average)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange weights and averages: to write the averages, then again to go on."""
        for average, array in zip(self.averages, self.arrays, strict=True):
            kept = array.detach().clone()
            array.copy_(average)
            average.copy_(kept)


def _arrays(network: Network) -> Iterator[nn.Parameter]:
    for layer in network.layers:
        if layer.averages_weights:
            for slot in layer.weight_slots():
                if isinstance(slot.tensor, nn.Parameter):
                    yield slot.tensor
