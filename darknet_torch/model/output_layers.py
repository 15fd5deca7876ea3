"""The layers that determine a network's number of classes."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.errors import CfgError
from darknet_torch.heads.base import Head
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network

_CHANNEL_KEYS = ("filters", "output")  # the options that set a layer's output channels
_CLASS_FILES = ("tree", "map")


@dataclass(frozen=True)
class Producer:
    """A layer whose options set its number of output channels.

    Attributes:
        index: the layer's index.
        key: the option that sets the number, "filters" or "output".
    """

    index: int
    key: str


def check_classes_replaceable(network: Network) -> None:
    """Check that a network can be given other classes by changing numbers alone.

    Raises:
        CfgError: the network is neither a detector nor a classifier of pictures, or it has a
            tree or a map of classes.
    """
    if not network.heads and not network.net.is_picture:
        raise CfgError(
            "this network's input is not a picture",
            where=network.net.where,
            expected="a detector or a classifier of pictures",
            got=f"inputs={network.net.inputs}",
        )
    for layer in network.heads or _chain(network, network.output_layer):
        for key in _CLASS_FILES:
            if getattr(layer.options, key, ""):
                raise layer.config_error(
                    f"{key}={getattr(layer.options, key)} is made for other classes",
                    expected=f"no {key}=",
                    fix=f"delete {key}= from a copy, and start from that",
                )


def find_channel_producer(network: Network, layer: Layer) -> Producer:
    """Find the layer whose options set the channels that `layer` gives or, as a head, reads.

    Layers in between pass channels on: [route] to one layer, [dropout], [avgpool], ...

    Raises:
        CfgError: the channels come from several layers, or no option sets their number.
    """
    last = _chain(network, layer)[-1]
    for key in _CHANNEL_KEYS:
        if hasattr(last.options, key):
            return Producer(last.index, key)
    raise layer.config_error(
        "does not get its channels from one layer that sets their number",
        expected="a [convolutional] or a [connected]",
        got=f"[{last.section}] ({last.options.where})",
        fix="put a [convolutional] before it",
    )


def count_classifier_outputs(network: Network) -> int:
    """The number of classes of a classifier.

    Raises:
        CfgError: the output is not one value per class.
    """
    layer = network.output_layer
    shape = layer.output_shape
    if shape.height * shape.width != 1 or getattr(layer.options, "groups", 1) != 1:
        raise layer.config_error(
            "does not give one value per class",
            expected="an output of CLASSESx1x1 without groups",
            got=str(shape),
        )
    return shape.channels


def _chain(network: Network, layer: Layer) -> list[Layer]:
    """`layer` and the layers before it, back to the first that does not pass channels on."""
    found = [layer]
    while _passes_channels_on(network, found[-1]):
        found.append(network.layers[found[-1].sources[0]])
    return found


def _passes_channels_on(network: Network, layer: Layer) -> bool:
    if isinstance(layer, Head):
        return layer.sources[0] >= 0
    if any(hasattr(layer.options, key) for key in _CHANNEL_KEYS):
        return False
    if len(layer.sources) != 1 or layer.sources[0] < 0:
        return False
    before = network.layers[layer.sources[0]].output_shape
    return before.channels == layer.output_shape.channels
