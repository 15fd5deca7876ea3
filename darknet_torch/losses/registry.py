"""The layers that have a loss, and the function that computes each.

To add a loss, import its function and list it here. `LOSSES` is the family of Darknet's losses;
another family is another `LossFamily`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from darknet_torch.errors import UsageError
from darknet_torch.heads.base import Head
from darknet_torch.heads.detection import Detection
from darknet_torch.heads.gaussian_yolo import GaussianYolo
from darknet_torch.heads.region import Region
from darknet_torch.heads.yolo import Yolo
from darknet_torch.layers.base import Layer
from darknet_torch.layers.contrastive import Contrastive
from darknet_torch.layers.cost import Cost
from darknet_torch.layers.iseg import Iseg
from darknet_torch.layers.logistic import Logistic
from darknet_torch.layers.softmax import Softmax
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.classifier import cost_loss, logistic_loss, softmax_loss
from darknet_torch.losses.contrastive import contrastive_loss
from darknet_torch.losses.detection import detection_loss
from darknet_torch.losses.gaussian_yolo import gaussian_yolo_loss
from darknet_torch.losses.iseg import iseg_loss
from darknet_torch.losses.region import region_loss
from darknet_torch.losses.yolo import yolo_loss
from darknet_torch.model.network import Network
from darknet_torch.targets.assignment import Assigner

# Takes the layer, its input, its output, the truths and the context.
LossFunction = Callable[[Any, Tensor, Tensor, Tensor, LossContext], Loss]

LOSSES: dict[type[Layer], LossFunction] = {
    Yolo: yolo_loss,
    GaussianYolo: gaussian_yolo_loss,
    Region: region_loss,
    Detection: detection_loss,
    Softmax: softmax_loss,
    Logistic: logistic_loss,
    Cost: cost_loss,
    Contrastive: contrastive_loss,
    Iseg: iseg_loss,
}


def _own_assigner(head: Head) -> Assigner | None:
    return head.assigner


@dataclass(frozen=True)
class LossFamily:
    """The losses that a network is trained by.

    Attributes:
        functions: the class of a layer -> what computes its loss.
        assigner_of: gives what assigns the truths of a mini-batch to a head; None where its
            loss does it.
    """

    functions: Mapping[type[Layer], LossFunction]
    assigner_of: Callable[[Head], Assigner | None] = _own_assigner


DARKNET_LOSSES = LossFamily(LOSSES)


def register_loss(layer: type[Layer]) -> Callable[[LossFunction], LossFunction]:
    """Make a function the loss of a layer class that `register_layer` registered.

    Use it as a decorator of the function:

        @register_loss(MyHead)
        def my_head_loss(head, x, output, truths, context): ...

    Raises:
        UsageError: the class has a loss already.
    """
    if layer in LOSSES:
        raise UsageError(
            f"{layer.__qualname__} has a loss already",
            expected="a layer class without one",
            got=LOSSES[layer].__qualname__,
            fix="derive a class of your own from it, with another section name",
        )

    def register(loss: LossFunction) -> LossFunction:
        LOSSES[layer] = loss
        return loss

    return register


def has_cost(layer: Layer, family: LossFamily = DARKNET_LOSSES) -> bool:
    """Whether Darknet counts `layer` when it averages the costs; with noloss its cost is 0.

    Source: network.c get_network_cost.
    """
    return type(layer) in family.functions


def loss_function_for(layer: Layer, family: LossFamily = DARKNET_LOSSES) -> LossFunction | None:
    """The function that computes the loss of `layer`; None if it has none, or noloss=1."""
    if getattr(layer.options, "noloss", False):
        return None
    return family.functions.get(type(layer))


def assigners_of(network: Network, family: LossFamily = DARKNET_LOSSES) -> dict[int, Assigner]:
    """Layer index -> what assigns the truths of a mini-batch to that head.

    Empty if the truths are not lists of boxes.

    Raises:
        CfgError: the file of a map= does not exist, or does not hold such numbers.
    """
    if not network.heads or network.heads[-1].truths_by_cell:
        return {}
    found = {head.index: family.assigner_of(head) for head in network.heads}
    return {index: assigner for index, assigner in found.items() if assigner is not None}
