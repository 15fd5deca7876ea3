"""The layers of a network that know its number of classes, and those that make their channels."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.errors import CfgError
from darknet_torch.heads.base import Head
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network

_CHANNEL_KEYS = ("filters", "output")  # how sections spell the number of channels they make
_CLASS_FILES = ("tree", "map")


@dataclass(frozen=True)
class Producer:
    """A layer that says how many channels it makes.

    Attributes:
        index: of the layer.
        key: in its section, "filters" or "output".
    """

    index: int
    key: str


def check_classes_replaceable(network: Network) -> None:
    """Refuse a network whose classes are more than a number.

    Raises:
        CfgError: it is no detector and no classifier of pictures, or has a tree or a map of
            classes.
    """
    if not network.heads and not network.net.is_picture:
        raise CfgError(
            "this network's input is no picture",
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
    """What makes the channels of `layer`'s input, or of `layer` itself if it is no head.

    Layers in between hand channels on: [route] to one layer, [dropout], [avgpool], ...

    Raises:
        CfgError: they are made of several layers' channels, or none says how many they are.
    """
    last = _chain(network, layer)[-1]
    for key in _CHANNEL_KEYS:
        if hasattr(last.options, key):
            return Producer(last.index, key)
    raise layer.config_error(
        "does not get its channels from one layer that says how many there are",
        expected="a [convolutional] or a [connected]",
        got=f"[{last.section}] ({last.options.where})",
        fix="put a [convolutional] before it",
    )


def count_classifier_outputs(network: Network) -> int:
    """How many classes a classifier tells apart.

    Raises:
        CfgError: its output is no list of classes.
    """
    layer = network.output_layer
    shape = layer.output_shape
    if shape.height * shape.width != 1 or getattr(layer.options, "groups", 1) != 1:
        raise layer.config_error(
            "is no list of classes", expected="one value for each class", got=str(shape)
        )
    return shape.channels


def _chain(network: Network, layer: Layer) -> list[Layer]:
    """`layer`, and back from it the layers that hand channels on, up to who does not."""
    found = [layer]
    while _hands_on(network, found[-1]):
        found.append(network.layers[found[-1].sources[0]])
    return found


def _hands_on(network: Network, layer: Layer) -> bool:
    if isinstance(layer, Head):
        return layer.sources[0] >= 0
    if any(hasattr(layer.options, key) for key in _CHANNEL_KEYS):
        return False
    if len(layer.sources) != 1 or layer.sources[0] < 0:
        return False
    before = network.layers[layer.sources[0]].output_shape
    return before.channels == layer.output_shape.channels
