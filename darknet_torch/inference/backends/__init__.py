"""What runs a network: pictures in, the raw outputs of its heads out.

Importing this imports no torch; a backend's own module is imported when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from darknet_torch.model.network import Network

# Name -> (module, class); the class takes a network.
_BACKENDS = {
    "torch": ("darknet_torch.inference.backends.pytorch", "TorchBackend"),
    "onnxruntime": ("darknet_torch.inference.backends.onnxruntime", "OnnxRuntimeBackend"),
}
BACKENDS = tuple(_BACKENDS)


class Backend(Protocol):
    """Runs one network."""

    def predict(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """The outputs of `Network.forward` for images [N, C, H, W] float32 in 0-1, RGB."""


def find_backend(name: str | Backend, network: Network) -> Backend:
    """The backend called `name` for `network`; one that is made already as it is.

    Raises:
        UsageError: there is none of that name.
    """
    if not isinstance(name, str):
        return name
    if name not in _BACKENDS:
        raise UsageError("unknown backend", expected=" or ".join(BACKENDS), got=repr(name))
    module, cls = _BACKENDS[name]
    backend: Backend = getattr(importlib.import_module(module), cls)(network)
    return backend
