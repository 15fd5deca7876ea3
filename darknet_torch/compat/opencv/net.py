"""OpenCV 4's dnn.Net for Darknet networks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.grammar import Section
from darknet_torch.compat.opencv.layer_table import LayerTable, empty_net_error
from darknet_torch.compat.opencv.layers import (
    REGION,
    ImportedLayer,
    import_layers,
)
from darknet_torch.compat.opencv.regions import RegionRows
from darknet_torch.errors import UsageError
from darknet_torch.model.network import Network
from darknet_torch.ops.precision import FULL_PRECISION

_CUDA_TARGETS = (cv2.dnn.DNN_TARGET_CUDA, cv2.dnn.DNN_TARGET_CUDA_FP16)


class Net(LayerTable):
    """A Darknet network with the methods of OpenCV 4's ``cv2.dnn.Net``.

    `layers.ImportedLayer` describes what OpenCV calls a layer. Methods of OpenCV's Net that are
    missing here make no sense for a Darknet network, or expose OpenCV's internals.

    Args:
        network: the network in evaluation mode; None for an empty net.
        sections: the sections of its cfg.
        filled: whether the network has weights.
    """

    def __init__(
        self,
        network: Network | None = None,
        sections: Sequence[Section] = (),
        *,
        filled: bool = False,
    ) -> None:
        super().__init__(import_layers(network) if network is not None else [])
        self._network, self._filled = network, filled
        heads = network.heads if network is not None else []
        self._regions = {
            head.index: RegionRows.from_section(head, sections[head.index + 1]) for head in heads
        }
        self._input: Tensor | None = None
        self._ticks = 0

    @property
    def network(self) -> Network:
        """The PyTorch network.

        Raises:
            UsageError: the net is empty.
        """
        if self._network is None:
            raise empty_net_error()
        return self._network

    def setInputsNames(self, inputBlobNames: Sequence[str]) -> None:
        """Set the name of the only input.

        Raises:
            UsageError: the number of names is not one.
        """
        if len(inputBlobNames) != 1:
            raise UsageError("a Darknet network has exactly one input", got=list(inputBlobNames))
        self._input_name = inputBlobNames[0]

    def setInput(
        self,
        blob: np.ndarray,
        name: str = "",
        scalefactor: float = 1.0,
        mean: Sequence[float] = (),
    ) -> None:
        """Set the input of the next `forward` to scalefactor * (blob - mean).

        Args:
            blob: [N, C, H, W], as ``cv2.dnn.blobFromImage`` returns it; height and width may
                differ from the cfg's if the network can compute with them.
            name: the name of the input, or "".
            scalefactor: the values are multiplied by it.
            mean: one value for each channel, which is subtracted first.

        Raises:
            UsageError: the network has no input of that name, or the blob's shape does not fit.
        """
        if name not in ("", self._input_name):
            raise UsageError("no such input", expected=repr(self._input_name), got=repr(name))
        values = np.array(blob, np.float32)
        if any(mean):
            values -= np.array(mean[: values.shape[1]], np.float32)[:, None, None]
        self._input = self.network.check_input(torch.from_numpy(values * np.float32(scalefactor)))

    def forward(
        self,
        outputName: str | Sequence[str] = "",
        outputBlobs: object = None,
        *,
        outBlobNames: Sequence[str] | None = None,
    ) -> np.ndarray | tuple[np.ndarray, ...]:
        """Compute the output of a layer for the input, by default of the last layer.

        Args:
            outputName: the layer's name, or a list of names, for which the result is a tuple.
            outputBlobs: not used; OpenCV writes the outputs there.
            outBlobNames: the same as a list in `outputName`.

        Returns:
            float32 [N, C, H, W], or [N, C] after a [connected]; for [yolo] and [region] see
            `regions.RegionRows`.

        Raises:
            UsageError: there is no such layer, the input or the weights are missing, or the
                network cannot compute with the size of the input.
            UnsupportedError: the layer is only a part of one of Darknet's layers.
        """
        names = outputName if outBlobNames is None else outBlobNames
        if isinstance(names, str):
            return self._compute([names or self.last().name])[0]
        return tuple(self._compute(list(names)))

    def forwardAndRetrieve(self, outBlobNames: Sequence[str]) -> tuple[tuple[np.ndarray], ...]:
        """Compute the outputs of layers; each one is in a tuple of its own."""
        return tuple((blob,) for blob in self._compute(list(outBlobNames)))

    def getPerfProfile(self) -> tuple[int, np.ndarray]:
        """Return the time of the last `forward`, in ticks of ``cv2.getTickFrequency``.

        Differs: single layers are not measured, so the array of their times is empty.
        """
        return self._ticks, np.empty(0)

    def setPreferableBackend(self, backendId: int) -> None:
        """Has no effect: PyTorch computes, whichever backend is set."""

    def setPreferableTarget(self, targetId: int) -> None:
        """Compute on the GPU for OpenCV's CUDA targets, else on the CPU.

        Without CUDA a warning is issued and the net stays on the CPU, as in OpenCV. Half
        precision is not used.
        """
        wanted = targetId in _CUDA_TARGETS
        if wanted and not torch.cuda.is_available():
            message = "PyTorch has no CUDA here; the net stays on the CPU"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        self.network.to("cuda" if wanted and torch.cuda.is_available() else "cpu")

    def enableFusion(self, fusion: bool) -> None:
        """Has no effect: there is nothing to choose."""

    def enableWinograd(self, useWinograd: bool) -> None:
        """Has no effect: there is nothing to choose."""

    def disable_region_nms(self) -> None:
        """Make [yolo] and [region] keep overlapping boxes.

        Source: model.cpp DetectionModel_Impl::disableRegionNMS (OpenCV 4.12).
        """
        for region in self._regions.values():
            region.nms_threshold = 0

    @torch.inference_mode()
    def _compute(self, names: list[str]) -> list[np.ndarray]:
        wanted = [self.find(name) for name in names]
        network, images = self.network, self._checked_input()
        started = cv2.getTickCount()
        try:
            with FULL_PRECISION.computing(images.device):
                outputs = self._outputs(network, wanted, images)
        except RuntimeError as error:
            raise UsageError(
                "the network cannot compute with a blob of this size",
                where=network.net.where,
                expected="a height and width that all strides divide, "
                f"such as {network.net.height}x{network.net.width}",
                got=list(images.shape),
            ) from error
        blobs = [self._blob(layer, outputs[layer.layer], images) for layer in wanted]
        self._ticks = cv2.getTickCount() - started
        return blobs

    def _checked_input(self) -> Tensor:
        if not self._filled:
            raise UsageError(
                "the net has no weights", fix="give readNetFromDarknet the .weights file too"
            )
        if self._input is None:
            raise UsageError("the net has no input yet", fix="call setInput(blob) first")
        return self._input.to(next(self.network.parameters(), self._input).device)

    @staticmethod
    def _outputs(
        network: Network, wanted: Sequence[ImportedLayer], images: Tensor
    ) -> dict[int, Tensor]:
        """Return layer index -> output, for at least the wanted layers."""
        ends = [head.index for head in network.heads] or [network.output_layer.index]
        if all(layer.layer in ends for layer in wanted):
            return dict(zip(ends, network(images), strict=True))
        return {-1: images, **dict(enumerate(network.layer_outputs(images)))}

    def _blob(self, layer: ImportedLayer, output: Tensor, images: Tensor) -> np.ndarray:
        if layer.type == REGION:
            return self._regions[layer.layer](output, *images.shape[-2:])
        if layer.permuted:
            output = output.permute(0, 2, 3, 1)
        elif layer.flat:
            output = output.flatten(1)
        return output.float().cpu().contiguous().numpy()
