"""A network as a module to export: which outputs it returns, and which input sizes it takes."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from darknet_torch.errors import CfgError, UsageError
from darknet_torch.heads.base import Predictions
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network
from darknet_torch.ops.suppression import suppress
from darknet_torch.results.boxes import penalty_exponent

_STRIDE = 32
_DECODED = ("boxes", "detections")


@dataclass(frozen=True)
class GraphOptions:
    """The outputs of a graph, and settings of its export.

    Attributes:
        outputs: "raw": what `Network.forward` returns. "boxes": boxes [N, A, 4] as centre x,
            centre y, width, height in 0-1 of the input, and scores [N, A, C]. "detections":
            the boxes left by non-maximum suppression, [K, 4] as left, top, right, bottom in
            0-1, with scores [K], class ids [K] and picture ids [K], their indices in the batch.
            "for_decoding": what `Network.forward_for_decoding` returns; engines run this graph.
        threshold: lowest score of "detections", 0-1, as in `Detector`.
        nms_threshold: IoU of "detections" above which a box is suppressed, as in `Detector`.
        opset: version of ONNX's operators; for ONNX only.
        fold: fold batch normalisation into the weights of convolutions and matrices.
    """

    outputs: str = "raw"
    threshold: float = 0.25
    nms_threshold: float = 0.45
    opset: int = 18
    fold: bool = False


class Graph(nn.Module):
    """A network as a module that returns what `options` say.

    Attributes:
        second_size: a height and width that the graph accepts besides the network's own;
            None if its height and width are fixed.

    Args:
        network: is copied in float32 to the CPU, and not changed.
        options: what the graph returns.

    Raises:
        CfgError: a layer keeps a state (it is named), or there is no head to decode.
    """

    def __init__(self, network: Network, options: GraphOptions) -> None:
        super().__init__()
        _check_stateless(network)
        self.options = options
        if self.decodes and not network.heads:
            raise CfgError(
                f"there are no boxes: layer {len(network.layers) - 1} "
                f"[{network.layers[-1].section}] is not a detection head",
                where=network.layers[-1].options.where,
                fix="leave out --decode and --nms",
            )
        self.network = copy.deepcopy(network).cpu().float().eval().requires_grad_(False)
        if options.fold:
            self.network.fold_normalization()

    @cached_property
    def second_size(self) -> tuple[int, int] | None:
        """See the attribute of the class."""
        return find_second_size(self.network)

    def fix_size(self) -> None:
        """Export the graph for the network's own height and width only."""
        self.second_size = None

    @property
    def decodes(self) -> bool:
        """Whether `forward` returns boxes, which only networks with heads have."""
        return self.options.outputs in _DECODED

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs of `forward`, in order."""
        if self.options.outputs == "boxes":
            return ["boxes", "scores"]
        if self.options.outputs == "detections":
            return ["boxes", "scores", "class_ids", "picture_ids"]
        heads: list[Layer] = [*self.network.heads] or [self.network.output_layer]
        return [f"{layer.section}_{layer.index}" for layer in heads]

    @property
    def output_dimensions(self) -> list[tuple[str, ...]]:
        """The names of the dimensions of each output of `forward`."""
        if self.options.outputs == "boxes":
            return [("batch", "boxes", "coordinates"), ("batch", "boxes", "classes")]
        if self.options.outputs == "detections":
            return [("detections", "coordinates"), *3 * [("detections",)]]
        return [
            ("batch", f"{name}_channels", f"{name}_height", f"{name}_width")
            for name in self.output_names
        ]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute the outputs that the options say.

        Args:
            images: [N, C, H, W], RGB, 0-1.

        Returns:
            The tensors that `GraphOptions.outputs` describes, named `output_names`.
        """
        if self.options.outputs == "for_decoding":
            return self.network.forward_for_decoding(images)
        outputs: tuple[Tensor, ...] = self.network(images)
        if not self.decodes:
            return outputs
        height, width = images.shape[-2:]
        predictions = Predictions.join(
            [
                head.decode(output, height, width)
                for head, output in zip(self.network.heads, outputs, strict=True)
            ]
        )
        if self.options.outputs == "boxes":
            return predictions.boxes, predictions.class_scores
        return self._select(predictions)

    def _select(self, predictions: Predictions) -> tuple[Tensor, ...]:
        """Threshold and suppress boxes as `Detector` does for a stretched picture."""
        threshold, last = self.options.threshold, self.network.heads[-1]
        certain = (predictions.objectness > threshold) & predictions.boxes.isfinite().all(-1)
        candidates = certain[..., None] & (predictions.class_scores > threshold)
        scores = torch.where(candidates, predictions.class_scores, 0)
        return suppress(
            predictions.boxes,
            scores,
            threshold=self.options.nms_threshold,
            exponent=penalty_exponent(last.nms_kind, last.beta_nms),
        )


def find_second_size(network: Network) -> tuple[int, int] | None:
    """A height and width that the network accepts besides its own; None if there are none.

    The network runs on PyTorch's meta device, which computes shapes but no values.
    """
    shape = network.net.input_shape
    if not network.net.is_picture:
        return None
    height, width = (
        max(_STRIDE, side // 2 // _STRIDE * _STRIDE) for side in (shape.height, shape.width)
    )
    if (height, width) == (shape.height, shape.width):
        height, width = shape.height + _STRIDE, shape.width + _STRIDE
    try:
        probe = copy.deepcopy(network).to("meta")
        own = probe(torch.empty(1, *input_sizes(network), device="meta"))
        second = probe(torch.empty(1, shape.channels, height, width, device="meta"))
    except (RuntimeError, UsageError):
        return None
    return (height, width) if len(own) == len(second) else None


def input_sizes(network: Network) -> tuple[int, int, int]:
    """Channels, height and width of the network's input."""
    shape = network.net.input_shape
    return shape.channels, shape.height, shape.width


def _check_stateless(network: Network) -> None:
    for layer in network.layers:
        if layer.has_state:
            raise CfgError(
                f"layer {layer.index} [{layer.section}] keeps a state between steps, "
                "which a graph cannot hold",
                where=layer.options.where,
                fix="convert to .pt or .safetensors instead",
            )
