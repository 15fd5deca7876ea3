"""What runs a network: pictures in, the raw outputs of its heads out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from darknet_torch.errors import UsageError
from darknet_torch.network import Network


class Backend(Protocol):
    """Runs one network."""

    def predict(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """The heads' outputs for images [N, C, H, W] float32 in 0-1, RGB."""


class TorchBackend:
    """PyTorch, on the device and in the precision that the network is in."""

    def __init__(self, network: Network) -> None:
        self.network = network

    @torch.inference_mode()
    def predict(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """See `Backend.predict`."""
        like = next(self.network.parameters(), torch.empty(0))
        return self.network(torch.from_numpy(images).to(like))


_BACKENDS = {"torch": TorchBackend}
BACKENDS = tuple(_BACKENDS)


def find_backend(name: str, network: Network) -> Backend:
    """The backend called `name` for `network`.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in _BACKENDS:
        raise UsageError("unknown backend", expected=" or ".join(BACKENDS), got=repr(name))
    return _BACKENDS[name](network)
