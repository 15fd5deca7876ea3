"""The classic losses as a family that a network is trained by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import partial

from torch import Tensor

from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.heads.base import Head
from darknet_torch.heads.region import Region
from darknet_torch.heads.yolo import Yolo
from darknet_torch.layers.base import Layer
from darknet_torch.losses.base import Loss, LossContext
from darknet_torch.losses.classic.head_form import FORMS, HeadForm
from darknet_torch.losses.classic.loss import HeadComputation, WaitingLoss
from darknet_torch.losses.classic.pairing import choose_by_prediction
from darknet_torch.losses.classic.settings import ClassicSettings
from darknet_torch.losses.registry import LossFamily, loss_function_for
from darknet_torch.model.network import Network
from darknet_torch.targets.assignment import Assigner

# Options of a head that tune Darknet's formulas; docs/losses.md lists them.
IGNORED_OPTIONS: Mapping[type[Layer], tuple[str, ...]] = {
    Yolo: (
        *("truth_thresh", "iou_thresh_kind", "iou_loss", "iou_normalizer"),
        *("obj_normalizer", "cls_normalizer", "delta_normalizer", "objectness_smooth"),
        *("focal_loss", "show_details"),
    ),
    Region: (
        *("coord_scale", "object_scale", "noobject_scale", "class_scale", "mask_scale"),
        *("bias_match", "classfix", "focal_loss"),
    ),
}


def classic_losses(network: Network, settings: ClassicSettings) -> LossFamily:
    """The classic losses of the heads of a network.

    Args:
        network: what is trained.
        settings: what the losses consist of.

    Raises:
        UsageError: a layer of the network has a loss of Darknet's, but no classic one.
        CfgError: the file of a map= does not exist, or does not hold such numbers.

    Warns:
        CfgNote: names the options of the cfg that have no effect, and class scores that are
            trained by another function than the head applies.
    """
    forms = {
        layer.index: _form(layer, settings)
        for layer in network.layers
        if loss_function_for(layer) is not None
    }
    if not forms:
        raise _no_classic_loss("the network", network.net.where, "none of its layers has a loss")
    for form in forms.values():
        _note_activation(form)
    _note_ignored(network, forms, settings)
    function = partial(_head_loss, forms, settings)

    def assigner_of(head: Head) -> Assigner | None:
        return forms[head.index].assigner if head.index in forms else None

    return LossFamily(dict.fromkeys(FORMS, function), assigner_of)


def _head_loss(
    forms: Mapping[int, HeadForm],
    settings: ClassicSettings,
    head: Head,
    x: Tensor,
    output: Tensor,
    truth_rows: Tensor,
    context: LossContext,
) -> Loss:
    """The loss of a head; with an assignment by predictions the last one fills in all of them."""
    computation = HeadComputation(forms[head.index], settings, x, truth_rows, context)
    if computation.form.assigner.measure is not None:
        return computation.loss()
    loss = WaitingLoss.of(computation)
    if head.index == max(forms):
        earlier = [one for one in context.earlier.values() if isinstance(one, WaitingLoss)]
        _share_out([*earlier, loss], settings.assign_several)
    return loss


def _share_out(losses: list[WaitingLoss], bound: float | None) -> None:
    """Choose the boxes of all truths among the heads, and fill in the heads' losses."""
    computations = [loss.computation for loss in losses if loss.computation is not None]
    chosen = choose_by_prediction(
        [one.by_truth(one.ious) for one in computations],
        [one.by_truth(one.assignment.shape_ious) for one in computations],
        bound,
    )
    for loss, computation, pairs in zip(losses, computations, chosen, strict=True):
        loss.fill(computation.loss(pairs.flatten()))


def _form(layer: Layer, settings: ClassicSettings) -> HeadForm:
    make = FORMS.get(type(layer))
    if make is None:
        name = f"[{layer.section}], layer {layer.index},"
        raise _no_classic_loss(name, layer.options.where, f"[{layer.section}]")
    return make(layer, settings)


def _no_classic_loss(what: str, where: object, got: str) -> UsageError:
    names = " or ".join(f"[{kind.section_names[0]}]" for kind in FORMS)
    return UsageError(
        f"{what} has no classic loss",
        where=where,
        expected=f"{names} as the layers with a loss",
        got=got,
        fix="train it without --loss classic and its options, by Darknet's loss",
    )


def _note_activation(form: HeadForm) -> None:
    """Note class scores that are trained by another function than the head applies."""
    is_softmax = bool(getattr(form.head.options, "softmax", False))
    if is_softmax == (form.class_loss == "ce") or form.head.classes == 1:
        return
    applied, trained = ("softmax", "logistic") if is_softmax else ("logistic", "softmax")
    warn(
        f"--class-loss {form.class_loss} trains class scores as a {trained} function, but "
        f"[{form.head.section}] gives those of a {applied} function",
        where=form.head.options.where,
        fix=f"--class-loss {'ce' if is_softmax else 'bce'} fits; other scores still rank classes",
        category=CfgNote,
    )


def _note_ignored(
    network: Network, forms: Mapping[int, HeadForm], settings: ClassicSettings
) -> None:
    """Note the options that the cfg sets and that tune Darknet's formulas alone, once for all."""
    names = dict.fromkeys(
        f"[{layer.section}] {name}="
        for layer in network.layers
        if layer.index in forms
        for name in _ignored_options(layer, settings)
    )
    if network.net.badlabels_rejection_percentage:
        names["[net] badlabels_rejection_percentage="] = None
    if names:
        warn(
            f"no effect with --loss classic: {', '.join(names)}",
            where=network.net.where,
            fix="--loss-weights and --assign-several are the classic losses' own",
            category=CfgNote,
        )


def _ignored_options(layer: Layer, settings: ClassicSettings) -> list[str]:
    """The options of a head that differ from their defaults and have no effect."""
    defaults = {one.name: one.default for one in fields(layer.options)}
    names = [*IGNORED_OPTIONS[type(layer)]]
    if isinstance(layer, Yolo) and not layer.options.counters_per_class:
        names.append("max_delta")  # else it bounds the weights of classes
    if isinstance(layer, Yolo) and not settings.follows_iou_thresh:
        names.append("iou_thresh")
    return [name for name in names if getattr(layer.options, name) != defaults[name]]
