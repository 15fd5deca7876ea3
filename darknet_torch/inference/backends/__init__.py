"""Backends, which run a network: they take pictures and return its raw outputs.

Importing this package imports no torch; the module of a backend is imported when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from darknet_torch.arguments import described
from darknet_torch.engines.model import EngineModel
from darknet_torch.engines.names import BACKENDS, TORCH
from darknet_torch.errors import UsageError
from darknet_torch.ops.precision_names import FLOAT32

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from darknet_torch.inference.gpu.pipeline import DeviceDetector
    from darknet_torch.model.network import Network
    from darknet_torch.ops.precision import Precision


@dataclass(frozen=True)
class BackendSettings:
    """How a backend computes.

    Attributes:
        precision: that of the layers.
        optimize: run what `Network.optimize` returns, where that helps: on a CPU, in float32.
        keep_weights: False lets a backend free the network's own arrays once it has copies in
            the form that it needs; nothing else can use the network then.
    """

    precision: Precision
    optimize: bool = True
    keep_weights: bool = True


class Backend(Protocol):
    """Runs one network."""

    def predict(self, images: np.ndarray) -> tuple[Tensor | np.ndarray, ...]:
        """Return what `Network.forward` returns, as tensors or arrays.

        Args:
            images: [N, C, H, W] float32 in 0-1, RGB or grey, in any order of memory; the
                `Detector` and the `Classifier` give [N, H, W, C] in memory.
        """


def decodes_inputs(backend: Backend) -> bool:
    """Whether a backend has `predict_for_decoding`, which replaces `predict`.

    False where `predict` was replaced after that: by a subclass, or on the object.
    """
    places = [getattr(backend, "__dict__", {}), *map(vars, type(backend).__mro__)]
    names = {"predict", "predict_for_decoding"}
    nearest_place = next((place for place in places if names & place.keys()), {})
    return "predict_for_decoding" in nearest_place


def backend_title(backend: Backend) -> str:
    """Return what computes, with its version, such as "PyTorch 2.13.0"."""
    return str(getattr(backend, "title", type(backend).__name__))


def find_backend(
    name: str | Backend,
    network: Network | EngineModel,
    precision: str = FLOAT32,
    *,
    optimize: bool = True,
    keep_weights: bool = True,
) -> Backend:
    """Create the backend of a name for a network; a `Backend` object is returned unchanged.

    Args:
        name: one of `BACKENDS`, or a `Backend`.
        network: in evaluation mode; the model of an engine is its own backend.
        precision: the name of one, see `darknet_torch.ops.precision.Precision`.
        optimize, keep_weights: see `BackendSettings`.

    Raises:
        UsageError: no backend has this name, it is neither a name nor a `Backend`, there is no
            such precision, or the backend does not compute in it.
    """
    if isinstance(network, EngineModel):
        return network
    from darknet_torch.ops.precision import Precision

    chosen = Precision.named(precision)
    if not isinstance(name, str):
        if not callable(getattr(name, "predict", None)):
            raise UsageError(
                "backend is not a backend",
                expected=f"{' or '.join(BACKENDS)}, or an object with predict(images)",
                got=described(name),
            )
        check_float32(chosen, "a backend of your own")
        return name
    if name not in BACKENDS:
        raise UsageError("unknown backend", expected=" or ".join(BACKENDS), got=repr(name))
    settings = BackendSettings(chosen, optimize, keep_weights)
    if name == TORCH:
        from darknet_torch.inference.backends.pytorch import TorchBackend

        return TorchBackend(network, settings)
    from darknet_torch.inference.backends.exported import export_to_engine

    return export_to_engine(name, network, settings)


def find_device_detector(
    network: Network | EngineModel, backend: Backend
) -> DeviceDetector | None:
    """Return what detects on the network's GPU from the picture on; None elsewhere.

    Args:
        network: a detector's.
        backend: what `find_backend` returned for it; one of the user's own gets arrays.
    """
    if isinstance(network, EngineModel):
        return None
    from darknet_torch.inference.backends.pytorch import TorchBackend
    from darknet_torch.inference.gpu.pipeline import DeviceDetector, runs_on
    from darknet_torch.media.images import takes_pictures

    if type(backend) is not TorchBackend or not runs_on(network.device):
        return None
    if not takes_pictures(network.net.channels):
        return None
    return DeviceDetector(network, backend.precision)


def check_float32(precision: Precision, backend: str) -> None:
    """Refuse a precision other than float32 for a backend, which is described in words.

    Raises:
        UsageError: it is another one.
    """
    if precision.name != FLOAT32:
        raise UsageError(
            f"{backend} has no precision to choose",
            expected=f"precision {FLOAT32}, or backend torch",
            got=f"precision {precision.name}",
            fix=f"leave out --precision (precision=), or take --backend {TORCH}",
        )
