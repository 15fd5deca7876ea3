"""The PyTorch backend."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from darknet_torch.cpu.forks import check_threads
from darknet_torch.inference.backends import BackendSettings
from darknet_torch.model.network import Network
from darknet_torch.model.optimized import OptimizedNetwork
from darknet_torch.ops.precision import FULL_PRECISION

_PLAIN = BackendSettings(FULL_PRECISION)


class TorchBackend:
    """Runs a network with PyTorch, on the device of its parameters.

    Args:
        network: the network. If its arrays are changed in place or moved, the next call notices.
        settings: how it computes.

    Raises:
        UsageError: the network's arrays were freed.
    """

    def __init__(self, network: Network, settings: BackendSettings = _PLAIN) -> None:
        self.network, self.precision = network, settings.precision
        self._settings = settings
        self._optimized: OptimizedNetwork | None = None
        self._like = self._array_like_the_network()
        if not settings.keep_weights and self._can_optimize():
            self._optimized = network.optimize(keep_weights=False)

    @property
    def title(self) -> str:
        """The name and the version."""
        return f"PyTorch {torch.__version__}"

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._like.device

    def predict(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """See `Backend.predict`."""
        return self._run(self._prepared(), images)

    def predict_for_decoding(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """Return what `Network.forward_for_decoding` returns.

        Args:
            images: as in `Backend.predict`.
        """
        return self._run(self._prepared().forward_for_decoding, images)

    def _prepared(self) -> Network | OptimizedNetwork:
        """What computes: the network, or its optimised form, made anew after a change."""
        check_threads(torch.get_num_threads())
        if self._optimized is not None and not self._settings.keep_weights:
            return self._optimized
        self._like = self._array_like_the_network()
        if not self._can_optimize():
            return self.network
        if self._optimized is None or not self._optimized.is_current:
            self._optimized = self.network.optimize()
        return self._optimized

    def _array_like_the_network(self) -> Tensor:
        """An array of the network's device and type; an error if its arrays were freed."""
        self.network.check_has_weights()
        return next(self.network.parameters(), torch.empty(0)).new_empty(0)

    def _can_optimize(self) -> bool:
        """Whether an optimised form was asked for and is known to help."""
        on_cpu = self._like.device.type == "cpu" and self._like.dtype == torch.float32
        return self._settings.optimize and self.precision.half is None and on_cpu

    @torch.inference_mode()
    def _run(
        self, compute: Callable[[Tensor], tuple[Tensor, ...]], images: np.ndarray
    ) -> tuple[Tensor, ...]:
        device = self.device
        with self.precision.computing(device), self.precision.autocast(device):
            return compute(torch.from_numpy(images).to(self._like))
