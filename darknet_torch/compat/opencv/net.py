"""OpenCV 4's dnn.Net for Darknet's networks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.grammar import Section
from darknet_torch.compat.opencv.layers import (
    INPUT_NAME,
    REGION,
    ImportedLayer,
    import_layers,
    unconnected,
)
from darknet_torch.compat.opencv.regions import RegionRows
from darknet_torch.errors import UnsupportedError, UsageError, compose, nearest
from darknet_torch.network import Network

_INPUT_LAYER = ("_input", "")
_CUDA_TARGETS = (6, 7)  # DNN_TARGET_CUDA, DNN_TARGET_CUDA_FP16


@dataclass(frozen=True)
class Layer:
    """What `Net.getLayer` tells of a layer: OpenCV's name and type of it."""

    name: str
    type: str


class Net:
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
        self._network, self._filled = network, filled
        self._imported = import_layers(network) if network is not None else []
        self._ids = {layer.name: number for number, layer in enumerate(self._imported, 1)}
        heads = network.heads if network is not None else []
        self._regions = {
            head.index: RegionRows.of(head, sections[head.index + 1]) for head in heads
        }
        self._input: Tensor | None = None
        self._input_name = INPUT_NAME
        self._ticks = 0

    @property
    def network(self) -> Network:
        """The network inside.

        Raises:
            UsageError: there is none.
        """
        if self._network is None:
            raise UsageError(
                "the net is empty", fix="make it with readNetFromDarknet(cfg, weights)"
            )
        return self._network

    def empty(self) -> bool:
        """Whether there are no layers."""
        return not self._imported

    def getLayerNames(self) -> tuple[str, ...]:
        """The names of the layers, in order."""
        return tuple(self._ids)

    def getLayerId(self, layer: str) -> int:
        """The number of a layer, from 1; -1 if there is none of that name."""
        return 0 if layer == _INPUT_LAYER[0] else self._ids.get(layer, -1)

    def getLayer(self, layerId: int | str) -> Layer:
        """The layer of a number or name; 0 is the input.

        Raises:
            UsageError: there is none.
        """
        number = self.getLayerId(layerId) if isinstance(layerId, str) else int(layerId)
        if number == 0:
            return Layer(*_INPUT_LAYER)
        if not 1 <= number <= len(self._imported):
            raise self._no_such(layerId)
        found = self._imported[number - 1]
        return Layer(found.name, found.type)

    def getLayerTypes(self) -> tuple[str, ...]:
        """The types of the layers, sorted, each once."""
        return tuple(sorted({layer.type for layer in self._imported} | {"__NetInputLayer__"}))

    def getLayersCount(self, layerType: str) -> int:
        """How many layers are of a type."""
        return sum(layer.type == layerType for layer in self._imported)

    def getUnconnectedOutLayers(self) -> np.ndarray:
        """The numbers of the layers that no other one reads, int32 [K]."""
        names = self.getUnconnectedOutLayersNames()
        return np.array([self._ids[name] for name in names], np.int32)

    def getUnconnectedOutLayersNames(self) -> tuple[str, ...]:
        """The names of the layers that no other one reads."""
        return tuple(layer.name for layer in unconnected(self._imported))

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
        self._input = self.network.checked(torch.from_numpy(values * np.float32(scalefactor)))

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
            return self._compute([names or self._last().name])[0]
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
            message = compose("PyTorch has no CUDA here; the net stays on the CPU")
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

    def is_detector(self) -> bool:
        """Whether its last layer is a [yolo] or a [region]."""
        return self._last().type == REGION

    def _last(self) -> ImportedLayer:
        self.network  # noqa: B018  an empty net has no last layer, and says so
        return self._imported[-1]

    @torch.inference_mode()
    def _compute(self, names: list[str]) -> list[np.ndarray]:
        wanted = [self._find(name) for name in names]
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

    def _find(self, name: str) -> ImportedLayer:
        if name not in self._ids:
            raise self._no_such(name)
        layer = self._imported[self._ids[name] - 1]
        if layer.name != layer.final and not layer.permuted:
            raise UnsupportedError(
                f"{name!r} is a part of one of Darknet's layers, which is computed as a whole",
                fix=f"ask for {layer.final!r}, the layer's own output",
            )
        return layer

    def _no_such(self, layer: object) -> UsageError:
        close = nearest(str(layer), self._ids)
        return UsageError(
            "no such layer",
            expected="one of getLayerNames(), or a number from 0 to their count",
            got=repr(layer),
            fix=f"did you mean {close!r}?" if close else None,
        )
