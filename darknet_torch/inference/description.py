"""What a detector and a classifier must know about what they run: a network, or an engine's model.

Importing this module imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from darknet_torch.engines.description import HeadDescription, ModelDescription
from darknet_torch.engines.model import EngineModel
from darknet_torch.errors import CfgError, UsageError

if TYPE_CHECKING:
    import torch

    from darknet_torch.model.network import Network


def describe(
    network: Network | EngineModel, device: str | torch.device | None = None
) -> ModelDescription:
    """Describe a network, which is put into evaluation mode, or the model of an engine.

    Args:
        network: either.
        device: the device to move a network to; None leaves it where it is.

    Raises:
        UsageError: it is neither, or there is no such device.
    """
    if isinstance(network, EngineModel):
        return network.description
    from darknet_torch.inference.prepare import prepare_network

    return describe_network(prepare_network(network, device))


def require_network(network: Network | EngineModel) -> Network:
    """Return the network itself.

    Raises:
        UsageError: an engine runs its model, without the network.
    """
    if isinstance(network, EngineModel):
        raise UsageError(
            "there is no network, only the model of an engine",
            got=network.title,
            fix="use what darknet_torch.load returns",
        )
    return network


def describe_network(network: Network) -> ModelDescription:
    """Describe a network for those who run it on pictures."""
    from darknet_torch.heads.base import Head

    net, heads = network.net, network.heads
    last = heads[-1] if heads else None
    tree = getattr(network.output_layer, "tree", None)
    return ModelDescription(
        width=net.width,
        height=net.height,
        channels=net.channels,
        letterbox=network.dialect.defaults.letterbox or bool(heads and net.letter_box),
        names=network.names,
        heads=tuple(
            HeadDescription(
                head.decoder if type(head).decode is Head.decode else None,
                raw,
                head.classes,
                head.nms_kind,
                head.beta_nms,
            )
            for head, raw in zip(heads, network.raw_heads, strict=True)
        ),
        classes=last.classes if last else network.output_layer.output_shape.count,
        tree=tree.tree if tree is not None and not heads else None,
        leaves_only=network.dialect.geometry.names_leaves_only,
        values=sum(layer.output_shape.count for layer in network.layers),
        has_state=any(layer.has_state for layer in network.layers),
        fill=net.input_fill,
    )


def check_heads(network: Network | EngineModel) -> None:
    """Check that a network has detection heads, of the same classes.

    Raises:
        CfgError: it has none, or their numbers of classes differ.
    """
    if isinstance(network, EngineModel):
        if not network.description.heads:
            raise CfgError("this model has no detection head", got=network.title)
        return
    if not network.heads:
        raise CfgError(
            "this network has no detection head",
            where=network.net.where,
            expected="[yolo] or [region]",
            got=f"[{network.layers[-1].section}] at its end",
        )
    classes = {head.classes for head in network.heads}
    if len(classes) > 1:
        raise CfgError(
            "the heads disagree on classes=",
            where=network.heads[-1].options.where,
            expected="the same number in every head",
            got=sorted(classes),
        )
