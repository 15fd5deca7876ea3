"""The PyTorch backend."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from darknet_torch.model.network import Network
from darknet_torch.ops.precision import FULL_PRECISION, Precision


class TorchBackend:
    """Runs a network with PyTorch, on the device of its parameters.

    Args:
        network: the network.
        precision: that of its layers.
    """

    def __init__(self, network: Network, precision: Precision = FULL_PRECISION) -> None:
        self.network, self.precision = network, precision

    @torch.inference_mode()
    def predict(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """See `Backend.predict`."""
        like = next(self.network.parameters(), torch.empty(0))
        with self.precision.computing(like.device), self.precision.autocast(like.device):
            return self.network(torch.from_numpy(images).to(like))
