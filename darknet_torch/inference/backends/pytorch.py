"""The PyTorch backend."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from darknet_torch.model.network import Network


class TorchBackend:
    """Runs a network with PyTorch, on the device and in the precision of its parameters."""

    def __init__(self, network: Network) -> None:
        self.network = network

    @torch.inference_mode()
    def predict(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """See `Backend.predict`."""
        like = next(self.network.parameters(), torch.empty(0))
        return self.network(torch.from_numpy(images).to(like))
