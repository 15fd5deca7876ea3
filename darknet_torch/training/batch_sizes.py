"""How many inputs an update and a mini-batch take. No torch."""

from __future__ import annotations

from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.size_limits import (
    HOW_TO_ALLOW,
    MEMORY_SHARE,
    large_networks_are_allowed,
)
from darknet_torch.cpu.memory import available_memory
from darknet_torch.errors import CfgError

_MOST_INPUTS = 1_000_000  # per update; published cfgs have some hundreds
_VALUE_BYTES = 4  # float32


def batch_size(net: NetOptions) -> int:
    """Inputs per update, the steps of recurrent networks counted.

    Source: parser.c parse_net_options: what subdivisions do not divide is left out.
    """
    return mini_batch_size(net) * net.subdivisions


def mini_batch_size(net: NetOptions) -> int:
    """Inputs at once. Source: parser.c parse_net_options."""
    return max(1, net.batch // net.subdivisions) * net.time_steps


def check_batch(net: NetOptions) -> None:
    """Refuse a batch that is certainly a mistake, unless large networks are allowed.

    Raises:
        CfgError: an update takes more than a million inputs, or the inputs of one mini-batch
            alone take more than `MEMORY_SHARE` of the memory that is free.
    """
    if large_networks_are_allowed():
        return
    size, free = net.input_shape.count * _VALUE_BYTES, available_memory()
    most = _MOST_INPUTS if free is None else int(MEMORY_SHARE * free / size)
    for count, limit, of in (
        (batch_size(net), _MOST_INPUTS, "an update"),
        (mini_batch_size(net), most, "a mini-batch"),
    ):
        if count > limit:
            raise CfgError(
                f"{of} has too many inputs",
                where=net.where,
                expected=f"{limit} at most, of {size} bytes each",
                got=f"{count}: batch={net.batch}, subdivisions={net.subdivisions}, "
                f"time_steps={net.time_steps}",
                fix=f"correct batch=, subdivisions= and time_steps=; {HOW_TO_ALLOW}",
            )
