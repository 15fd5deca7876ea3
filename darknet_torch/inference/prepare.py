"""The network argument of Detector, Classifier and CharacterModel."""

from __future__ import annotations

import os

import torch

from darknet_torch.arguments import described
from darknet_torch.errors import UsageError
from darknet_torch.model.loading import find_device
from darknet_torch.model.network import Network


def prepare_network(network: object, device: str | torch.device | None = None) -> Network:
    """Put a network into evaluation mode, on a device.

    Args:
        network: the network, changed in place.
        device: the device to move it to; None leaves it where it is.

    Returns:
        The same network.

    Raises:
        UsageError: it is not a `Network`, or there is no such device.
    """
    if not isinstance(network, Network):
        is_path = isinstance(network, str | os.PathLike)
        shown = repr(os.fspath(network)) if isinstance(network, str | os.PathLike) else "cfg"
        raise UsageError(
            "network is a path, not a network" if is_path else "network is not a network",
            expected="a darknet_torch.Network",
            got=described(network),
            fix=f"load it first: darknet_torch.load({shown})",
        )
    if device is not None:
        network.to(find_device(device))
    return network.eval()
