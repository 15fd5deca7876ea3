"""darknet.py's functions that load and run a network."""

from __future__ import annotations

import os
from ctypes import c_char_p
from functools import partial
from typing import Any

import numpy as np

from darknet_torch.cfg.data_file import DataValue, read_data_file
from darknet_torch.cfg.zoo import read_names, resolve_names
from darknet_torch.compat.darknet.pictures import letterbox_image, planes, resize_image
from darknet_torch.compat.darknet.structures import (
    IMAGE,
    METADATA,
    keep,
    pointer_to,
    values_at,
)
from darknet_torch.errors import NamesError, UsageError
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.inference.description import check_heads, describe_network
from darknet_torch.inference.head_outputs import HeadOutput, read_outputs
from darknet_torch.model.loading import find_device, load_with_report
from darknet_torch.model.network import Network

_DEFAULT_CLASSES = 2  # if the .data file has no classes=

_device = "auto"


class LoadedNetwork:
    """A network and its last predictions, which darknet.py calls ``network``.

    Attributes:
        network: the PyTorch network, with normalisation folded in as Darknet does on loading.
        batch: the number of pictures that `network_predict` takes.
        outputs: what each head predicted for the last pictures; empty before the first, or
            without detection heads.
    """

    def __init__(self, network: Network, batch: int) -> None:
        self.network, self.batch = network, batch
        self.outputs: list[HeadOutput] = []
        self._backend = TorchBackend(network)
        self._model = describe_network(network)
        if network.heads:
            check_heads(network)

    def run(self, images: np.ndarray) -> np.ndarray:
        """Run images [N, C, H, W]; return the network's output as Darknet stores it."""
        outputs = self._backend.predict(images)
        if self.network.heads:
            self.outputs = read_outputs(self._model, outputs, self.network.heads)
        return outputs[-1].float().cpu().contiguous().numpy()


def load_net_custom(
    config: bytes | str, weights: bytes | str, clear: int = 0, batch: int = 1
) -> LoadedNetwork:
    """Load a network onto the first GPU, or else the CPU; see `set_gpu`.

    Args:
        config, weights: paths; with empty weights the network keeps Darknet's initial values.
        clear: not used here; Darknet resets the number of pictures that the network has seen.
        batch: the number of pictures that `network_predict` and `network_predict_batch` take.

    Raises:
        CfgError, WeightsError: the files cannot be read, or do not fit each other.

    Source: network.c load_network_custom (AlexeyAB).
    """
    network = _load(config, weights, batch)
    return LoadedNetwork(network, batch)


def load_net(config: bytes | str, weights: bytes | str, clear: int = 0) -> LoadedNetwork:
    """Load a network as `load_net_custom` does, with the mini-batch of the cfg's [net].

    Source: network.c load_network (AlexeyAB).
    """
    network = _load(config, weights, None)
    return LoadedNetwork(network, max(1, network.net.batch // network.net.subdivisions))


def _load(config: bytes | str, weights: bytes | str, batch: int | None) -> Network:
    path = os.fsdecode(weights) or None
    network, _ = load_with_report(os.fsdecode(config), path, batch=batch, strict=False)
    network.fold_normalization()
    return network.eval().to(find_device(_device))


def load_meta(data_file: bytes | str) -> METADATA:
    """Read the class names that a .data file refers to.

    Raises:
        UsageError, NamesError: the file or the names cannot be read, or there are too few names.

    Source: option_list.c get_metadata (AlexeyAB).
    """
    path = os.fsdecode(data_file)
    options = read_data_file(path)
    listed = options.get("names") or options.get("labels")
    if listed is None:
        raise NamesError("no names= in the .data file", where=path, fix="add names=FILE")
    classes = _classes(options, path)
    names = resolve_names(read_names(listed.path()), classes, allow_more=True)[:classes]
    array = (c_char_p * classes)(*(name.encode() for name in names))
    meta: METADATA = keep(METADATA(classes, array), array)
    return meta


def _classes(options: dict[str, DataValue], path: str) -> int:
    if "classes" not in options:
        return _DEFAULT_CLASSES
    value = options["classes"]
    if not value.number:
        raise UsageError(
            "classes= is not a number", where=path, expected="1 or more", got=value.text
        )
    return value.number


def network_width(net: LoadedNetwork) -> int:
    """Return the width of the network's input in pixels."""
    return int(net.network.net.width)


def network_height(net: LoadedNetwork) -> int:
    """Return the height of the network's input in pixels."""
    return int(net.network.net.height)


def set_gpu(n: int) -> None:
    """Load all following networks onto this GPU.

    Raises:
        UsageError: there is no GPU of that number.
    """
    global _device
    _device = str(find_device(f"cuda:{n}"))


def init_cpu() -> None:
    """Load all following networks onto the CPU."""
    global _device
    _device = "cpu"


def reset_rnn(net: LoadedNetwork) -> None:
    """Reset the state of recurrent layers. Source: network.c reset_rnn (AlexeyAB)."""
    net.network.reset_state()


def free_network_ptr(net: LoadedNetwork) -> None:
    """Has no effect: the memory is freed with the object."""


def network_predict(net: LoadedNetwork, data: Any) -> Any:
    """Run a whole batch, and return a pointer to the network's output.

    Args:
        data: pointer to float32 values, `batch` inputs one after the other.

    Source: network.c network_predict_ptr (AlexeyAB).
    """
    shape = net.network.net.input_shape
    sizes = (shape.channels, shape.height, shape.width)
    return pointer_to(net.run(values_at(data, net.batch, *sizes).copy()))


def predict_image(net: LoadedNetwork, image: IMAGE) -> Any:
    """Run one picture, stretched to the input size; return a pointer to the output.

    Source: network.c network_predict_image (AlexeyAB).
    """
    return _predict(net, image, resize_image)


def predict_image_letterbox(net: LoadedNetwork, image: IMAGE) -> Any:
    """Run one picture as `predict_image` does, but letterboxed.

    Source: network.c network_predict_image_letterbox (AlexeyAB).
    """
    return _predict(net, image, partial(letterbox_image, fill=net.network.net.input_fill))


def _predict(net: LoadedNetwork, image: IMAGE, resize: Any) -> Any:
    width, height = network_width(net), network_height(net)
    resized = image if (image.w, image.h) == (width, height) else resize(image, width, height)
    return pointer_to(net.run(planes(resized)[None].copy()))
