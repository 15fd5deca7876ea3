"""Options of the C code's experiments, which change nothing in a training here."""

from __future__ import annotations

from darknet_torch.errors import warn
from darknet_torch.model.network import Network

OF_NET = (*("adversarial_lr", "attention", "weights_reject_freq", "unsupervised"),)
OF_CONVOLUTIONS = (
    *("sway", "rotate", "stretch", "stretch_sway", "reverse", "coordconv"),
    "assisted_excitation",
)


def warn_ignored_options(network: Network) -> None:
    """Name those that the cfg sets, where they stand."""
    for name in OF_NET:
        if getattr(network.net, name):
            warn(f"{name}= has no effect in training here", where=network.net.where)
    for layer in network.layers:
        for name in OF_CONVOLUTIONS:
            if getattr(layer.options, name, False):
                where = layer.options.where
                warn(f"[{layer.section}] {name}= has no effect in training here", where=where)
