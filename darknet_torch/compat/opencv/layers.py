"""The layers that OpenCV 4's importer makes of a Darknet network: names, types, wiring.

One Darknet layer becomes up to three: convolution, batch normalisation, activation.

Source: darknet_io.cpp setLayersParams, ReadDarknetFromCfgStream (OpenCV 4.12).
Differs: a [crop] without noadjust=1 is one layer; OpenCV makes two of it, and then gives the
layers behind it the wrong weights.
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
# They pass on what they get, so their value is that of the layer before them.
_PASSING = (Cost, Dropout)

_Stage = tuple[str, str]


@dataclass(frozen=True)
class ImportedLayer:
    """A layer as OpenCV's importer names it.

    Attributes:
        name: such as "conv_0".
        type: OpenCV's word, such as "Convolution".
        layer: index of the Darknet layer whose output it is, or, if `permuted`, that goes
            into it.
        inputs: names of the layers it reads.
        permuted: its output is that one's with the channels last.
        final: name of the last of the layers that stand for the same Darknet layer.
        flat: its output has two dimensions, as behind a [connected].
    """

    name: str
    type: str
    layer: int
    inputs: tuple[str, ...]
    permuted: bool
    final: str
    flat: bool


def import_layers(network: Network) -> list[ImportedLayer]:
    """What OpenCV's importer makes of `network`, in its order.

    Raises:
        UnsupportedError: OpenCV's importer refuses a layer or an activation function.
    """
    ends = {-1: INPUT_NAME}
    flat: set[int] = set()
    imported: list[ImportedLayer] = []
    for layer in network.layers:
        stages = _stages(layer)
        passing = isinstance(layer, (*_PASSING, Softmax)) and layer.sources[0] in flat
        if isinstance(layer, Connected) or passing:
            flat.add(layer.index)
        inputs = tuple(ends[source] for source in layer.sources)
        final = stages[-1][0]
        for name, kind in stages:
            permuted = kind == _PERMUTE
            index = layer.sources[0] if permuted or isinstance(layer, _PASSING) else layer.index
            imported.append(
                ImportedLayer(name, kind, index, inputs, permuted, final, layer.index in flat)
            )
            inputs = (name,)
        ends[layer.index] = final
    return imported


def unconnected(imported: Sequence[ImportedLayer]) -> list[ImportedLayer]:
    """Those whose output no other one reads."""
    read = {name for layer in imported for name in layer.inputs}
    return [layer for layer in imported if layer.name not in read]


def _stages(layer: Layer) -> list[_Stage]:
    """Names and types of the layers that stand for one of Darknet's."""
    for cls, prefixes in _STAGES.items():
        if isinstance(layer, cls):
            stages = [(f"{prefix}_{layer.index}", kind) for prefix, kind in prefixes(layer)]
            return [*stages, *_activation(layer)]
    if isinstance(layer, Region):
        _check_region(layer)
        return [(f"permute_{layer.index}", _PERMUTE), ("detection_out", REGION)]
    raise UnsupportedError(
        f"OpenCV's importer knows no [{layer.section}]",
        where=layer.options.where,
        fix="use darknet_torch.load, and Detector or Classifier, which know it",
    )


def _activation(layer: Layer) -> Iterator[_Stage]:
    name = getattr(layer.options, "activation", "linear")
    if name == "linear":
        return
    if name not in _ACTIVATIONS:
        raise UnsupportedError(
            f"OpenCV's importer knows no activation={name}",
            where=layer.options.where,
            expected=", ".join(["linear", *_ACTIVATIONS]),
            fix="use darknet_torch.load, and Detector or Classifier, which know it",
        )
    yield f"{name}_{layer.index + 1}", _ACTIVATIONS[name]


def _check_region(layer: Region) -> None:
    """Source: region_layer.cpp RegionLayerImpl, its constructor."""
    if layer.tree is not None or not layer.options.softmax:
        raise UnsupportedError(
            "OpenCV's [region] knows softmax=1 without a tree alone",
            where=layer.options.where,
            fix="use darknet_torch.load and Detector, which know the others",
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


def _always(*stages: _Stage) -> Callable[[Any], list[_Stage]]:
    return lambda layer: list(stages)


_STAGES: dict[type[Layer], Callable[[Any], list[_Stage]]] = {
    Convolutional: _convolution,
    Connected: _connected,
    Maxpool: _always(("pool", "Pooling")),
    Avgpool: _always(("avgpool", "Pooling")),
    Softmax: _always(("softmax", "Softmax")),
    Dropout: _always(("identity", "Identity")),
    Cost: _always(("identity", "Identity")),
    Route: _route,
    Reorg: _always(("reorg", "Reorg")),
    Shortcut: _always(("shortcut", "Eltwise")),
    Crop: _always(("crop", "Slice")),
    Sam: _always(("sam", "Eltwise")),
    ScaleChannels: _always(("scale_channels", "Scale")),
    Upsample: _always(("upsample", "Resize")),
    Yolo: _always(("permute", _PERMUTE), ("yolo", REGION)),
}
