"""The PyTorch backend."""

from __future__ import annotations

from collections.abc import Callable

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

    def predict(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """See `Backend.predict`."""
        return self._run(self.network, images)

    def predict_for_decoding(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """Return what `Network.forward_for_decoding` returns.

        Args:
            images: as in `Backend.predict`.
        """
        return self._run(self.network.forward_for_decoding, images)

    @torch.inference_mode()
    def _run(
        self, compute: Callable[[Tensor], tuple[Tensor, ...]], images: np.ndarray
    ) -> tuple[Tensor, ...]:
        like = next(self.network.parameters(), torch.empty(0))
        with self.precision.computing(like.device), self.precision.autocast(like.device):
            return compute(torch.from_numpy(images).to(like))
