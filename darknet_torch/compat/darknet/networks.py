"""darknet.py's functions on a network: load it, run it."""

from __future__ import annotations

import os
from ctypes import c_char_p
from typing import Any

import numpy as np

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.cfg.zoo import names_for, read_names
from darknet_torch.compat.darknet.pictures import letterbox_image, planes, resize_image
from darknet_torch.compat.darknet.structures import (
    IMAGE,
    METADATA,
    keep,
    pointer_to,
    values_at,
)
from darknet_torch.errors import NamesError, UsageError, warn
from darknet_torch.heads.base import Predictions
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.inference.detector import Detector
from darknet_torch.model.loading import find_device, load_with_report
from darknet_torch.model.network import Network

_FEWEST_CLASSES = 2  # where the .data file has no classes=

_device = "auto"


class LoadedNetwork:
    """What darknet.py calls ``network``: a network and what it last computed.

    Attributes:
        network: the PyTorch network, normalisation folded in, as Darknet has it on loading.
        batch: how many pictures `network_predict` takes.
        predictions: of the last pictures, None before the first or without detection heads.
    """

    def __init__(self, network: Network, batch: int) -> None:
        self.network, self.batch = network, batch
        self.predictions: Predictions | None = None
        self._backend = TorchBackend(network)
        self._detector = Detector(network) if network.heads else None

    def run(self, images: np.ndarray) -> np.ndarray:
        """Compute for [N, C, H, W]; the network's output, as Darknet keeps it."""
        outputs = self._backend.predict(images)
        if self._detector is not None:
            self.predictions = self._detector.decode(outputs)
        return outputs[-1].float().cpu().contiguous().numpy()


def load_net_custom(
    config: bytes | str, weights: bytes | str, clear: int = 0, batch: int = 1
) -> LoadedNetwork:
    """A network, on the first GPU or else the CPU, see `set_gpu`.

    Args:
        config, weights: paths; empty weights leave Darknet's starting values.
        clear: not used here; Darknet forgets how many pictures it was trained on.
        batch: how many pictures `network_predict` and `network_predict_batch` take.

    Raises:
        CfgError, WeightsError: they cannot be read, or do not fit each other.

    Source: network.c load_network_custom (AlexeyAB).
    """
    network = _load(config, weights, batch)
    return LoadedNetwork(network, batch)


def load_net(config: bytes | str, weights: bytes | str, clear: int = 0) -> LoadedNetwork:
    """`load_net_custom` with the mini-batch of the cfg's [net].

    Source: network.c load_network (AlexeyAB).
    """
    network = _load(config, weights, None)
    return LoadedNetwork(network, max(1, network.net.batch // network.net.subdivisions))


def _load(config: bytes | str, weights: bytes | str, batch: int | None) -> Network:
    path = os.fsdecode(weights) or None
    network, report = load_with_report(os.fsdecode(config), path, batch=batch, strict=False)
    if report is not None and report.leftover:
        warn(
            "has bytes left over after the last layer, which Darknet ignores",
            where=path,
            got=f"{report.leftover} bytes",
            fix="check that the weights belong to this cfg",
        )
    network.fold_normalization()
    return network.eval().to(find_device(_device))


def load_meta(data_file: bytes | str) -> METADATA:
    """The names of classes that a .data file tells of.

    Raises:
        UsageError, NamesError: it or the names cannot be read, or there are too few names.

    Source: option_list.c get_metadata (AlexeyAB).
    """
    path = os.fsdecode(data_file)
    options = read_data_file(path)
    listed = options.get("names") or options.get("labels")
    if listed is None:
        raise NamesError("no names= in the .data file", where=path, fix="add names=FILE")
    classes = _classes(options, path)
    names = names_for(read_names(resolve(path, listed)), classes, may_be_more=True)[:classes]
    array = (c_char_p * classes)(*(name.encode() for name in names))
    meta: METADATA = keep(METADATA(classes, array), array)
    return meta


def _classes(options: dict[str, str], path: str) -> int:
    text = options.get("classes", str(_FEWEST_CLASSES))
    if not text.isdigit() or not int(text):
        raise UsageError("classes= is no number", where=path, expected="1 or more", got=text)
    return int(text)


def network_width(net: LoadedNetwork) -> int:
    """Width of the network's input, pixels."""
    return int(net.network.net.width)


def network_height(net: LoadedNetwork) -> int:
    """Height of the network's input, pixels."""
    return int(net.network.net.height)


def set_gpu(n: int) -> None:
    """Load the networks that follow on this GPU.

    Raises:
        UsageError: there is none of that number.
    """
    global _device
    _device = str(find_device(f"cuda:{n}"))


def init_cpu() -> None:
    """Load the networks that follow on the CPU."""
    global _device
    _device = "cpu"


def reset_rnn(net: LoadedNetwork) -> None:
    """Let recurrent layers forget. Source: network.c reset_rnn (AlexeyAB)."""
    net.network.reset_state()


def free_network_ptr(net: LoadedNetwork) -> None:
    """Nothing to do: the memory goes with the object."""


def network_predict(net: LoadedNetwork, data: Any) -> Any:
    """Run a whole batch; a pointer to the network's output.

    Args:
        data: pointer to float32 values, `batch` inputs one behind the other.

    Source: network.c network_predict_ptr (AlexeyAB).
    """
    shape = net.network.net.input_shape
    sizes = (shape.channels, shape.height, shape.width)
    return pointer_to(net.run(values_at(data, net.batch, *sizes).copy()))


def predict_image(net: LoadedNetwork, image: IMAGE) -> Any:
    """Run one picture, stretched to the input; a pointer to the network's output.

    Source: network.c network_predict_image (AlexeyAB).
    """
    return _predict(net, image, resize_image)


def predict_image_letterbox(net: LoadedNetwork, image: IMAGE) -> Any:
    """`predict_image` with the picture's aspect kept.

    Source: network.c network_predict_image_letterbox (AlexeyAB).
    """
    return _predict(net, image, letterbox_image)


def _predict(net: LoadedNetwork, image: IMAGE, fit: Any) -> Any:
    width, height = network_width(net), network_height(net)
    fitting = image if (image.w, image.h) == (width, height) else fit(image, width, height)
    return pointer_to(net.run(planes(fitting)[None].copy()))
