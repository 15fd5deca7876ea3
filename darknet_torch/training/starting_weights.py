"""Reading the weights that a training starts from."""

from __future__ import annotations

import shlex
from pathlib import Path

from darknet_torch.errors import CfgError, WeightsError
from darknet_torch.model.loading import fill
from darknet_torch.model.network import Network
from darknet_torch.model.output_layers import find_channel_producer
from darknet_torch.model.weights import LoadReport
from darknet_torch.model.weights_diagnosis import SizeMismatchError
from darknet_torch.training.plan import TrainPlan


def fill_to_train(network: Network, weights: str, plan: TrainPlan) -> LoadReport:
    """Read `weights` into `network`, and fill the rest with Darknet's starting values.

    Returns:
        What was read.

    Raises:
        WeightsError: the file does not exist, or does not fit the network. If its length is
            wrong, the message says how to start from the layers that it shares with the network.
    """
    try:
        return fill(network, weights, strict=True)
    except SizeMismatchError as error:
        raise WeightsError(
            error.what,
            where=error.where,
            expected=error.expected,
            got=error.got,
            fix=error.cause if plan.resume else _advice(network, weights, plan, error),
        ) from None


def _advice(network: Network, weights: str, plan: TrainPlan, error: SizeMismatchError) -> str:
    """How to start a training from a file for other classes, or for another cfg."""
    layers = _layers_before_heads(network)
    if error.classes is None or not layers:
        return (
            f"{error.cause}; to start from its first N layers, run "
            f"dtorch partial CFG {shlex.quote(weights)} OUT N with the cfg of the file, and give "
            "OUT as --weights"
        )
    out = f"{Path(weights).stem}.conv.{layers}"
    command = shlex.join(["dtorch", "partial", plan.cfg, weights, out, str(layers)])
    return (
        f"probably {error.classes} classes in the file, {network.heads[0].classes} in the cfg: "
        f"to start from the layers before the heads, run {command}, and give {out} as --weights"
    )


def _layers_before_heads(network: Network) -> int:
    """The layers, from the first, that do not depend on the number of classes; 0 if unclear."""
    try:
        return min(find_channel_producer(network, head).index for head in network.heads)
    except CfgError:
        return 0
