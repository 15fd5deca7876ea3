"""The onnxruntime backend."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.onnx import export_onnx, load_onnx
from darknet_torch.inference.backends import BackendSettings, check_float32
from darknet_torch.model.network import Network


class OnnxRuntimeBackend:
    """Runs a network with onnxruntime, on the GPU if the network is on one, else on the CPU.

    Args:
        network: it is exported to memory at once, with batch normalisation folded.
        settings: their precision must be float32.

    Raises:
        UsageError: onnx, onnxscript or onnxruntime is not installed, or another precision.
        CfgError: a layer cannot be exported.
    """

    def __init__(self, network: Network, settings: BackendSettings) -> None:
        check_float32(settings.precision, "the onnxruntime backend")
        graph = Graph(network, GraphOptions(fold=True))
        on_gpu = any(parameter.is_cuda for parameter in network.parameters())
        self.network = network
        self.run = load_onnx(export_onnx(graph, {}), on_gpu=on_gpu)
        if not settings.keep_weights:
            network.to("meta")

    def predict(self, images: np.ndarray) -> tuple[Tensor, ...]:
        """See `Backend.predict`."""
        inputs = torch.from_numpy(np.asarray(images, np.float32))
        return tuple(self.run(self.network.check_input(inputs)))
