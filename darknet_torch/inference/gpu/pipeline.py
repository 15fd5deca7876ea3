"""Detection on the device of a network, in three steps that overlap in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from darknet_torch.heads.base import Predictions
from darknet_torch.inference.gpu.folded_network import FoldedNetwork
from darknet_torch.inference.gpu.resizing import DeviceResizer
from darknet_torch.inference.gpu.streams import Moment, WorkStream, upload
from darknet_torch.inference.gpu.suppression import find_boxes
from darknet_torch.inference.head_outputs import DecodedOutput
from darknet_torch.media.images import Placement
from darknet_torch.model.network import Network
from darknet_torch.ops.precision import FULL_PRECISION, Precision
from darknet_torch.results.boxes import penalty_exponent
from darknet_torch.results.filtered_boxes import FoundBoxes


def runs_on(device: torch.device) -> bool:
    """Whether pictures are prepared and boxes are found on such a device: a CUDA one."""
    return device.type == "cuda"


@dataclass(frozen=True)
class DeviceInputs:
    """The input of a network for a batch of N pictures, or what will soon be there.

    Attributes:
        images: [N, C, H, W] on the device, in the precision of the layers, channels-last.
        placements: where each picture lies in it.
        placing: [N, 2, 4] float64 on the device: margins and ratios of each placement.
        ready: when they are there.
    """

    images: Tensor
    placements: list[Placement]
    placing: Tensor
    ready: Moment


@dataclass(frozen=True)
class DevicePredictions:
    """What a network predicts for a batch of N pictures, or what will soon be there.

    Attributes:
        decoded: all boxes of all heads, float32 on the device.
        placements, placing: of the `DeviceInputs`.
        ready: when they are there.
    """

    decoded: Predictions
    placements: list[Placement]
    placing: Tensor
    ready: Moment

    @property
    def outputs(self) -> list[DecodedOutput]:
        """As a backend's outputs are, for what is done with them on the CPU."""
        self.ready.before_reading(*self._tensors)
        return [DecodedOutput(self.decoded)]

    @property
    def _tensors(self) -> tuple[Tensor, ...]:
        boxes = self.decoded
        return boxes.boxes, boxes.objectness, boxes.class_scores, self.placing


@dataclass(frozen=True)
class _Setup:
    """What was made for the network as it is, where it is.

    Attributes:
        prepared: the network.
        resizer: makes its input.
        uploads, results: the streams of the first and of the last step.
    """

    prepared: FoldedNetwork
    resizer: DeviceResizer
    uploads: WorkStream
    results: WorkStream


class DeviceDetector:
    """The steps of detection on the device of a network: bytes go up, detections come back.

    The steps may be called in threads of their own, each for the next batch while the following
    step has the previous one: pictures are uploaded and resized on one stream, the network
    computes on the caller's, boxes are found on a third. Each step starts its work and returns;
    only the last one waits for its numbers.

    Args:
        network: in evaluation mode, with detection heads, on any device. It is not changed, and
            later changes of its arrays are noticed.
        precision: that of its layers; all that follows them is float32, NMS float64.
        keep_weights: False frees the network's own arrays, see `FoldedNetwork`.

    Raises:
        ImageError: the network takes no pictures.
        UsageError: the network's arrays were freed.
    """

    def __init__(
        self,
        network: Network,
        precision: Precision = FULL_PRECISION,
        *,
        keep_weights: bool = True,
    ) -> None:
        self.network = network
        self._precision, self._keep_weights = precision, keep_weights
        last = network.heads[-1]  # whose kind of NMS is the network's, as in `Detector`
        self._exponent = penalty_exponent(last.nms_kind, last.beta_nms)
        self._setup = self._set_up()

    @property
    def device(self) -> torch.device:
        """Where the network was when it was used last."""
        return self._setup.prepared.device

    def _set_up(self) -> _Setup:
        prepared = FoldedNetwork(self.network, self._precision, keep_weights=self._keep_weights)
        net, device = self.network.net, prepared.device
        resizer = DeviceResizer(
            device, net.height, net.width, net.channels, prepared.dtype, net.input_fill
        )
        return _Setup(prepared, resizer, WorkStream(device), WorkStream(device))

    @torch.inference_mode()
    def prepare_inputs(
        self, images: Sequence[np.ndarray], placements: Sequence[Placement], method: str
    ) -> DeviceInputs:
        """Upload images, and letterbox or stretch them to the network's input.

        Args:
            images: each BGR uint8 [H, W, 3], of any size; at least one.
            placements: where each one goes.
            method: how to resize, one of `RESIZE_METHODS`.
        """
        setup = self._setup  # which another thread may replace
        device = setup.prepared.device
        places = [np.array((placed.margins, placed.ratios)) for placed in placements]
        with setup.uploads.current():
            inputs = setup.resizer(images, placements, method)
            placing = upload(places, device)
            return DeviceInputs(inputs, list(placements), placing, Moment.now(device))

    @torch.inference_mode()
    def predict_inputs(self, inputs: DeviceInputs) -> DevicePredictions:
        """Run the network on the current stream, without applying thresholds.

        Args:
            inputs: the result of `prepare_inputs`. If the network was moved in between, they
                follow it.
        """
        if not self._setup.prepared.is_current:
            self._setup = self._set_up()
        prepared = self._setup.prepared
        inputs.ready.before_reading(inputs.images, inputs.placing)
        decoded = prepared(inputs.images.to(prepared.device, prepared.dtype))
        placing = inputs.placing.to(prepared.device)
        return DevicePredictions(decoded, inputs.placements, placing, Moment.now(prepared.device))

    @torch.inference_mode()
    def find_detections(
        self, predicted: DevicePredictions, *, threshold: float, nms_threshold: float
    ) -> list[FoundBoxes]:
        """Apply the threshold and NMS, and wait for what is left.

        Args:
            predicted: the result of `predict_inputs`.
            threshold: of objectness and scores, 0-1.
            nms_threshold: of overlaps, 0-1; 0 keeps all.

        Returns:
            The boxes of each picture.
        """
        with self._setup.results.current():
            predicted.ready.before_reading(*predicted._tensors)
            return find_boxes(
                predicted.decoded,
                predicted.placing,
                threshold=threshold,
                nms_threshold=nms_threshold,
                exponent=self._exponent,
            )
