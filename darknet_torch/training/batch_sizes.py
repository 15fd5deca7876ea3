"""How many inputs an update and a mini-batch take. No torch."""

from __future__ import annotations

from darknet_torch.cfg.net import NetOptions


def batch_size(net: NetOptions) -> int:
    """Inputs per update, the steps of recurrent networks counted.

    Source: parser.c parse_net_options: what subdivisions do not divide is left out.
    """
    return mini_batch_size(net) * net.subdivisions


def mini_batch_size(net: NetOptions) -> int:
    """Inputs at once. Source: parser.c parse_net_options."""
    return max(1, net.batch // net.subdivisions) * net.time_steps
