"""The loss of pictures that are not trained on, by what the network is trained by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from darknet_torch.inference.gpu.pipeline import DeviceInputs
from darknet_torch.losses.base import LossContext
from darknet_torch.model.network import Network
from darknet_torch.training.forward import ForwardPass

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop


@dataclass
class SummedLoss:
    """The losses of some pictures.

    Attributes:
        costs: the cost of each mini-batch.
        pictures: how many there were.
    """

    costs: list[float]
    pictures: int

    @staticmethod
    def mean(parts: list[SummedLoss]) -> float | None:
        """The mean loss of a picture, the same however the pictures were shared; None without."""
        pictures = sum(part.pictures for part in parts)
        return fsum(cost for part in parts for cost in part.costs) / pictures if pictures else None


class ValidationLoss:
    """Computes the loss of a network in evaluation mode, one mini-batch after the other.

    It takes the network's own layers once more, besides the pass that detects: that one runs a
    copy without normalisation, whose layers have no losses. Nothing of the training changes.
    The cost of a [yolo] with an IoU loss has a mean over the boxes of its mini-batch, so that the
    loss depends on which pictures come together, but not on the number of processes.

    Args:
        loop: the training. Losses that change during it are as in its next iteration.

    Attributes:
        sums: of the mini-batches so far.
    """

    def __init__(self, loop: TrainingLoop) -> None:
        self._network, self._loop = loop.network, loop
        # Of its own, since what outlives a mini-batch belongs to the training.
        self._forward = ForwardPass(loop.network, losses=loop.forward.losses)
        self.sums = SummedLoss([], 0)

    @torch.no_grad()
    def add(self, inputs: np.ndarray | DeviceInputs, truths: list[np.ndarray]) -> None:
        """Compute the loss of a mini-batch.

        Args:
            inputs: [N, C, H, W] in 0-1, as a `Detector` or a `Classifier` prepares them.
            truths: [N] the truth of each picture, in the form that the network's losses take.
        """
        images, device = _on_device(inputs, self._network.device), self._network.device
        with _without_state(self._network):
            result = self._forward(
                images,
                torch.from_numpy(np.stack(truths)).to(device),
                LossContext(
                    net=self._network.net,
                    dialect=self._network.dialect,
                    height=images.shape[2],
                    width=images.shape[3],
                    seen=self._loop.seen,
                    iteration=self._loop.iteration,
                ),
            )
        self.sums.costs.append(float(result.cost))
        self.sums.pictures += len(images)


def _on_device(inputs: np.ndarray | DeviceInputs, device: torch.device) -> Tensor:
    if isinstance(inputs, np.ndarray):
        return torch.from_numpy(inputs).to(device)
    inputs.ready.before_reading(inputs.images)
    return inputs.images.float()


@contextmanager
def _without_state(network: Network) -> Iterator[None]:
    """Let recurrent layers start anew inside the block, and have their states back after it."""
    recurrent = [layer for layer in network.layers if layer.has_state]
    states = [layer.state for layer in recurrent]
    network.reset_state()
    try:
        yield
    finally:
        for layer, state in zip(recurrent, states, strict=True):
            layer.state = state
