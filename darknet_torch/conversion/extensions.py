"""What a Darknet weight file cannot say about its network."""

from __future__ import annotations

import os

from darknet_torch.cfg.options import extensions_in
from darknet_torch.errors import warn
from darknet_torch.model.network import Network


def warn_of_extensions(network: Network, target: str | os.PathLike[str]) -> None:
    """Warn that the C code ignores options of [net] that the network was trained with.

    Args:
        network: whose weights are written.
        target: the weight file.

    Warns:
        CfgWarning: there are such options.
    """
    used = ", ".join(extensions_in(network.net))
    if used:
        fix = "use them with darknet_torch"
        if network.net.normalizes:
            fix += ", or convert to .onnx, .torchscript or .pt2, which normalise inside the graph"
        warn(
            f"the C code ignores {used}, so that it gives the network another input than this one",
            where=target,
            expected="options that Darknet knows",
            got=f"[net] with {used}",
            fix=fix,
        )
