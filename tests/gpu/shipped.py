"""The shipped definitions as networks whose outputs are numbers that can be compared."""

import warnings

import torch

from darknet_torch.cfg.zoo import definitions_folder
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.loading import build
from darknet_torch.model.noise_statistics import noise, set_rolling_statistics

DEFINITIONS = sorted(path.stem for path in definitions_folder().glob("*.cfg"))
SIDE = 128  # of the input, unless the cfg's own is smaller or it demands its own


def _built(name):
    """The network of a definition, small, in the dialect whose code base loads it."""
    choices = [(dialect, side) for side in (SIDE, None) for dialect in ("alexeyab", "pjreddie")]
    for dialect, side in choices:
        try:
            network = build(name, dialect=dialect, net_options={"time_steps": 1})
            if side and network.net.height > side:
                network = build(name, dialect=dialect, width=side, height=side)
        except CfgError as error:
            refused = error
        else:
            return network
    raise refused


def shipped_network(name):
    """A definition with random weights, biases and the statistics of a noise picture.

    The rolling variances are twice those of the picture. By its own variances a network of random
    weights amplifies a difference from layer to layer, until rounding alone moves yolov7 by 2e-3.
    """
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        network = _built(name)
    network.initialize()
    slots = [slot for _, slot in network.slots()]
    for slot in slots:
        if slot.name == "biases":
            torch.nn.init.uniform_(slot.tensor, -0.5, 0.5)
    set_rolling_statistics(network, noise(network, 2))
    for slot in slots:
        if slot.name == "rolling_variance":
            slot.tensor.mul_(2).add_(0.01)  # the variance of what [maxpool] made constant is 0
    return network
