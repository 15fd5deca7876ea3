"""A network as one graph: what it returns, and which sizes it takes."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from darknet_torch.errors import CfgError, UsageError
from darknet_torch.heads.base import Predictions
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network
from darknet_torch.ops.suppression import suppress
from darknet_torch.results.boxes import penalty_exponent

OUTPUTS = ("raw", "boxes", "detections")
_STRIDE = 32


@dataclass(frozen=True)
class GraphOptions:
    """What a graph returns.

    Attributes:
        outputs: "raw", what `Network.forward` returns; "boxes", boxes [N, A, 4] as centre
            x, centre y, width, height in 0-1 of the input, and scores [N, A, C];
            "detections", what remains of these: boxes [K, 4] as left, top, right, bottom in
            0-1, scores [K], class ids [K], and the place in the batch [K] of their pictures.
        threshold, nms_threshold: of "detections", as `Detector` has them.
        opset: of ONNX.
        fold: leave no batch normalisation behind convolutions and matrices.
    """

    outputs: str = "raw"
    threshold: float = 0.25
    nms_threshold: float = 0.45
    opset: int = 18
    fold: bool = False


class Graph(nn.Module):
    """A network that returns what `options` say.

    Attributes:
        other_size: a height and a width that it takes beside its own; None if it takes its
            own alone, or shall.

    Args:
        network: is copied, in single precision, and not changed.

    Raises:
        CfgError: a layer keeps a state, or there are no heads to decode; it is named.
    """

    def __init__(self, network: Network, options: GraphOptions) -> None:
        super().__init__()
        _check_stateless(network)
        if options.outputs != "raw" and not network.heads:
            raise CfgError(
                f"there are no boxes: layer {len(network.layers) - 1} "
                f"[{network.layers[-1].section}] is no detection head",
                where=network.layers[-1].options.where,
                fix="leave out --decode and --nms",
            )
        self.network = copy.deepcopy(network).float().eval().requires_grad_(False)
        if options.fold:
            self.network.fold_normalization()
        self.options = options
        self.other_size = other_size(network)

    @property
    def output_names(self) -> list[str]:
        """The names of what `forward` returns."""
        if self.options.outputs == "boxes":
            return ["boxes", "scores"]
        if self.options.outputs == "detections":
            return ["boxes", "scores", "class_ids", "picture_ids"]
        heads: list[Layer] = [*self.network.heads] or [self.network.output_layer]
        return [f"{layer.section}_{layer.index}" for layer in heads]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """[N, C, H, W], RGB in 0-1, to what the options say."""
        outputs = self.network(images)
        if self.options.outputs == "raw":
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

    def _select(self, found: Predictions) -> tuple[Tensor, ...]:
        """As `Detector` does for a stretched picture."""
        threshold, last = self.options.threshold, self.network.heads[-1]
        certain = (found.objectness > threshold) & found.boxes.isfinite().all(-1)
        candidates = certain[..., None] & (found.class_scores > threshold)
        scores = torch.where(candidates, found.class_scores, 0)
        return suppress(
            found.boxes,
            scores,
            threshold=self.options.nms_threshold,
            exponent=penalty_exponent(last.nms_kind, last.beta_nms),
        )


def other_size(network: Network) -> tuple[int, int] | None:
    """A height and a width that the network takes beside its own; None if there are none.

    The network runs without values, so that only shapes are computed.
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
        own = probe(torch.empty(1, *shape_of(network), device="meta"))
        other = probe(torch.empty(1, shape.channels, height, width, device="meta"))
    except (RuntimeError, UsageError):
        return None
    return (height, width) if len(own) == len(other) else None


def shape_of(network: Network) -> tuple[int, int, int]:
    """Channels, height and width of the network's input."""
    shape = network.net.input_shape
    return shape.channels, shape.height, shape.width


def _check_stateless(network: Network) -> None:
    for layer in network.layers:
        if layer.has_state:
            raise CfgError(
                f"layer {layer.index} [{layer.section}] remembers what it saw, "
                "and a graph has no memory",
                where=layer.options.where,
                fix="convert to .pt or .safetensors instead",
            )
