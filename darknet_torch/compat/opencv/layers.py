"""The layers that OpenCV 4's importer creates for a Darknet network: names, types, inputs.

One Darknet layer becomes up to three: convolution, batch normalisation, activation.

Source: darknet_io.cpp setLayersParams, ReadDarknetFromCfgStream (OpenCV 4.12).
Differs: a [crop] without noadjust=1 is one layer; OpenCV creates two, and then assigns wrong
weights to the layers after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from darknet_torch.errors import UnsupportedError
from darknet_torch.heads.region import Region
from darknet_torch.heads.yolo import Yolo
from darknet_torch.layers.avgpool import Avgpool
from darknet_torch.layers.base import Layer
from darknet_torch.layers.connected import Connected
from darknet_torch.layers.convolutional import Convolutional
from darknet_torch.layers.cost import Cost
from darknet_torch.layers.crop import Crop
from darknet_torch.layers.dropout import Dropout
from darknet_torch.layers.maxpool import Maxpool
from darknet_torch.layers.reorg import Reorg
from darknet_torch.layers.route import Route
from darknet_torch.layers.sam import Sam
from darknet_torch.layers.scale_channels import ScaleChannels
from darknet_torch.layers.shortcut import Shortcut
from darknet_torch.layers.softmax import Softmax
from darknet_torch.layers.upsample import Upsample
from darknet_torch.model.network import Network

INPUT_NAME = "data"
REGION = "Region"
_PERMUTE = "Permute"
_ACTIVATIONS = {
    "leaky": "ReLU",
    "relu": "ReLU",
    "swish": "Swish",
    "mish": "Mish",
    "logistic": "Sigmoid",
    "tanh": "TanH",
}
# Their output is the output of the layer before them.
_IDENTITY = (Cost, Dropout)

_Stage = tuple[str, str]


@dataclass(frozen=True)
class ImportedLayer:
    """A layer as OpenCV's importer creates it.

    Attributes:
        name: OpenCV's name, such as "conv_0".
        type: OpenCV's type, such as "Convolution".
        layer: index of the Darknet layer that has the same output; if `permuted`, of the Darknet
            layer that it reads.
        inputs: names of the layers that it reads.
        permuted: whether its output is the one of `layer` with the channels last.
        final: name of the last layer that OpenCV creates for the same Darknet layer.
        flat: whether its output has two dimensions, as after a [connected].
    """

    name: str
    type: str
    layer: int
    inputs: tuple[str, ...]
    permuted: bool
    final: str
    flat: bool


def import_layers(network: Network) -> list[ImportedLayer]:
    """List the layers that OpenCV's importer creates for `network`, in its order.

    Raises:
        UnsupportedError: OpenCV's importer does not support a layer or an activation function.
    """
    ends = {-1: INPUT_NAME}
    flat: set[int] = set()
    imported: list[ImportedLayer] = []
    for layer in network.layers:
        stages = _stages(layer)
        keeps_flat = isinstance(layer, (*_IDENTITY, Softmax)) and layer.sources[0] in flat
        if isinstance(layer, Connected) or keeps_flat:
            flat.add(layer.index)
        inputs = tuple(ends[source] for source in layer.sources)
        final = stages[-1][0]
        for name, kind in stages:
            permuted = kind == _PERMUTE
            index = layer.sources[0] if permuted or isinstance(layer, _IDENTITY) else layer.index
            imported.append(
                ImportedLayer(name, kind, index, inputs, permuted, final, layer.index in flat)
            )
            inputs = (name,)
        ends[layer.index] = final
    return imported


def unconnected(imported: Sequence[ImportedLayer]) -> list[ImportedLayer]:
    """Return the layers whose output no other layer reads."""
    read = {name for layer in imported for name in layer.inputs}
    return [layer for layer in imported if layer.name not in read]


def _stages(layer: Layer) -> list[_Stage]:
    """Return the names and types of the layers that OpenCV creates for one Darknet layer."""
    for cls, prefixes in _STAGES_OF.items():
        if isinstance(layer, cls):
            stages = [(f"{prefix}_{layer.index}", kind) for prefix, kind in prefixes(layer)]
            return [*stages, *_activation(layer)]
    if isinstance(layer, Region):
        _check_region(layer)
        return [(f"permute_{layer.index}", _PERMUTE), ("detection_out", REGION)]
    raise UnsupportedError(
        f"OpenCV's importer does not support [{layer.section}]",
        where=layer.options.where,
        fix="use darknet_torch.load with Detector or Classifier, which support it",
    )


def _activation(layer: Layer) -> Iterator[_Stage]:
    name = getattr(layer.options, "activation", "linear")
    if name == "linear":
        return
    if name not in _ACTIVATIONS:
        raise UnsupportedError(
            f"OpenCV's importer does not support activation={name}",
            where=layer.options.where,
            expected=", ".join(["linear", *_ACTIVATIONS]),
            fix="use darknet_torch.load with Detector or Classifier, which support it",
        )
    yield f"{name}_{layer.index + 1}", _ACTIVATIONS[name]


def _check_region(layer: Region) -> None:
    """Refuse a [region] that OpenCV does not support.

    Source: region_layer.cpp RegionLayerImpl, its constructor.
    """
    if layer.tree is not None or not layer.options.softmax:
        raise UnsupportedError(
            "OpenCV's importer supports [region] with softmax=1 and without a tree only",
            where=layer.options.where,
            fix="use darknet_torch.load with Detector, which supports the others",
        )


def _convolution(layer: Any) -> list[_Stage]:
    return [("conv", "Convolution"), *([("bn", "BatchNorm")] if layer.normalizes else [])]


def _connected(layer: Any) -> list[_Stage]:
    normalizes = bool(layer.options.batch_normalize)
    return [("fullyConnected", "InnerProduct"), *([("bn", "BatchNorm")] if normalizes else [])]


def _route(layer: Any) -> list[_Stage]:
    if len(layer.sources) > 1:
        return [("concat", "Concat")]
    return [("slice", "Slice") if layer.groups > 1 else ("identity", "Identity")]


def _fixed(*stages: _Stage) -> Callable[[Any], list[_Stage]]:
    return lambda layer: list(stages)


_STAGES_OF: dict[type[Layer], Callable[[Any], list[_Stage]]] = {
    Convolutional: _convolution,
    Connected: _connected,
    Maxpool: _fixed(("pool", "Pooling")),
    Avgpool: _fixed(("avgpool", "Pooling")),
    Softmax: _fixed(("softmax", "Softmax")),
    Dropout: _fixed(("identity", "Identity")),
    Cost: _fixed(("identity", "Identity")),
    Route: _route,
    Reorg: _fixed(("reorg", "Reorg")),
    Shortcut: _fixed(("shortcut", "Eltwise")),
    Crop: _fixed(("crop", "Slice")),
    Sam: _fixed(("sam", "Eltwise")),
    ScaleChannels: _fixed(("scale_channels", "Scale")),
    Upsample: _fixed(("upsample", "Resize")),
    Yolo: _fixed(("permute", _PERMUTE), ("yolo", REGION)),
}
