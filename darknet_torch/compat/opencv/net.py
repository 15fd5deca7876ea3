"""OpenCV 4's dnn.Net for Darknet's networks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.grammar import Section
from darknet_torch.compat.opencv.described import Described, empty_net
from darknet_torch.compat.opencv.layers import (
    REGION,
    ImportedLayer,
    import_layers,
)
from darknet_torch.compat.opencv.regions import RegionRows
from darknet_torch.errors import UsageError
from darknet_torch.model.network import Network

_CUDA_TARGETS = (cv2.dnn.DNN_TARGET_CUDA, cv2.dnn.DNN_TARGET_CUDA_FP16)


class Net(Described):
    """A Darknet network with the methods of OpenCV 4's ``cv2.dnn.Net``.

    What OpenCV calls a layer is described in `layers.ImportedLayer`. Methods that it has
    and this lacks have no meaning for a network of Darknet's, or show OpenCV's inside.

    Args:
        network: in evaluation mode; None for an empty net.
        sections: of its cfg.
        filled: whether it has weights.
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
            head.index: RegionRows.of(head, sections[head.index + 1]) for head in heads
        }
        self._input: Tensor | None = None
        self._ticks = 0

    @property
    def network(self) -> Network:
        """The network inside.

        Raises:
            UsageError: there is none.
        """
        if self._network is None:
            raise empty_net()
        return self._network

    def setInputsNames(self, inputBlobNames: Sequence[str]) -> None:
        """What `setInput` calls the one input.

        Raises:
            UsageError: there is not one name.
        """
        if len(inputBlobNames) != 1:
            raise UsageError("a network of Darknet's has one input", got=list(inputBlobNames))
        self._input_name = inputBlobNames[0]

    def setInput(
        self,
        blob: np.ndarray,
        name: str = "",
        scalefactor: float = 1.0,
        mean: Sequence[float] = (),
    ) -> None:
        """Set what the next `forward` computes with: scalefactor * (blob - mean).

        Args:
            blob: [N, C, H, W], as ``cv2.dnn.blobFromImage`` gives it; of any height and width
                that suit the network.
            mean: one value for each channel.

        Raises:
            UsageError: the network has no input of that name, or does not take the blob.
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
        """Compute what a layer gives for the input, the last one by default.

        Args:
            outputName: of the layer; of a list of names the result is a tuple.
            outputBlobs: not used; OpenCV writes there.
            outBlobNames: the same as a list in `outputName`.

        Returns:
            float32 [N, C, H, W]; behind a [connected] [N, C]; of [yolo] and [region] see
            `regions.RegionRows`.

        Raises:
            UsageError: no such layer, no input or weights yet, or an input whose size does
                not suit the network.
            UnsupportedError: the layer is a part of one of Darknet's; see the message.
        """
        names = outputName if outBlobNames is None else outBlobNames
        if isinstance(names, str):
            return self._compute([names or self.last().name])[0]
        return tuple(self._compute(list(names)))

    def forwardAndRetrieve(self, outBlobNames: Sequence[str]) -> tuple[tuple[np.ndarray], ...]:
        """`forward`, with the outputs of each layer in a tuple of their own."""
        return tuple((blob,) for blob in self._compute(list(outBlobNames)))

    def getPerfProfile(self) -> tuple[int, np.ndarray]:
        """How long the last `forward` took, in ticks of ``cv2.getTickFrequency``.

        Differs: single layers are not measured, so their times are an empty array.
        """
        return self._ticks, np.empty(0)

    def setPreferableBackend(self, backendId: int) -> None:
        """Accepted: PyTorch computes, whatever OpenCV's backend would have been."""

    def setPreferableTarget(self, targetId: int) -> None:
        """Compute on the GPU for OpenCV's CUDA targets, else on the CPU.

        As OpenCV does, it warns and stays on the CPU where there is no CUDA. Half precision
        is not used.
        """
        wanted = targetId in _CUDA_TARGETS
        if wanted and not torch.cuda.is_available():
            message = "PyTorch has no CUDA here; the net stays on the CPU"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        self.network.to("cuda" if wanted and torch.cuda.is_available() else "cpu")

    def enableFusion(self, fusion: bool) -> None:
        """Accepted; nothing to choose."""

    def enableWinograd(self, useWinograd: bool) -> None:
        """Accepted; nothing to choose."""

    def disable_region_nms(self) -> None:
        """Let [yolo] and [region] keep overlapping boxes.

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
            outputs = self._outputs(network, wanted, images)
        except RuntimeError as error:
            raise UsageError(
                "the network cannot compute with a blob of this size",
                where=network.net.where,
                expected="height and width that all its strides divide, "
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
        """Index of a layer -> its output, for those that are wanted at least."""
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
