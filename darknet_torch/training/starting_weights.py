"""Reading the weights that a training starts from."""

from __future__ import annotations

import shlex
from pathlib import Path

from darknet_torch.errors import CfgError, WeightsError
from darknet_torch.loading.filling import fill_from_file
from darknet_torch.loading.state_files import StateMismatchError
from darknet_torch.model.network import Network
from darknet_torch.model.output_layers import find_channel_producer
from darknet_torch.model.weights import LoadReport
from darknet_torch.model.weights_diagnosis import SizeMismatchError
from darknet_torch.training.plan import TrainPlan


def fill_to_train(network: Network, weights: str, plan: TrainPlan) -> LoadReport:
    """Read `weights` into `network`, and fill the rest with Darknet's starting values.

    Args:
        network: is changed in place.
        weights: a weight file, a .pt or .safetensors file of this package, or a checkpoint of a
            known port or backbone.
        plan: of the training.

    Returns:
        What was read.

    Raises:
        WeightsError: the file does not exist, or does not fit the network. If its length is
            wrong, the message says how to start from the layers that it shares with the network.
        UsageError: it is a graph, or a .pt or .safetensors file of another dialect.
    """
    try:
        return fill_from_file(network, weights, strict=True)
    except StateMismatchError as error:
        raise WeightsError(
            error.what,
            where=error.where,
            got=error.got,
            fix=error.fix if plan.resume else _partial_advice(network, weights, plan) or error.fix,
        ) from None
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
    partial = _partial_advice(network, weights, plan)
    if error.classes is None or not partial:
        return (
            f"{error.cause}; to start from its first N layers, run "
            f"dtorch partial CFG {shlex.quote(weights)} OUT N with the cfg of the file, and give "
            "OUT as --weights"
        )
    return (
        f"probably {error.classes} classes in the file, {network.heads[0].classes} in the cfg: "
        f"{partial}"
    )


def _partial_advice(network: Network, weights: str, plan: TrainPlan) -> str:
    """How to start from the layers before the heads; "" if it is unclear which these are."""
    layers = layers_before_heads(network)
    if not layers:
        return ""
    out = f"{Path(weights).stem}.conv.{layers}"
    command = shlex.join(["dtorch", "partial", plan.cfg, weights, out, str(layers)])
    return f"to start from the layers before the heads, run {command}, and give {out} as --weights"


def layers_before_heads(network: Network) -> int:
    """The layers, from the first, that do not depend on the number of classes.

    0 if that is unclear, or the network has no detection heads.
    """
    try:
        producers = [find_channel_producer(network, head) for head in network.heads]
    except CfgError:
        return 0
    return min((producer.index for producer in producers), default=0)
