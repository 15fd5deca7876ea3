"""What --limit, --balance, --rect and --cache make of the pictures of a training."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from darknet_torch.augment.cells import CellAugmentation
from darknet_torch.augment.classification import ClassificationAugmentation
from darknet_torch.augment.detection import DetectionAugmentation
from darknet_torch.augment.picture_draw import UNIFORM, PictureDraw, ShapeDraw, WeightedDraw
from darknet_torch.augment.picture_reading import (
    DiskReader,
    FileReader,
    MemoryReader,
    PictureReader,
)
from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Example
from darknet_torch.errors import UsageError
from darknet_torch.model.network import Network
from darknet_torch.training.aspect_ratios import shape_groups
from darknet_torch.training.balance import detection_weights
from darknet_torch.training.choices.sampling import DISK, OVERSAMPLE, RAM
from darknet_torch.training.plan import TrainPlan

_Item = TypeVar("_Item")
_Settings = TypeVar(
    "_Settings", DetectionAugmentation, CellAugmentation, ClassificationAugmentation
)


def limited(items: Sequence[_Item], limit: int | None) -> tuple[_Item, ...]:
    """At most `limit` of the items, spread evenly over their order; all with None."""
    if limit is None or limit >= len(items):
        return tuple(items)
    return tuple([items[number * len(items) // limit] for number in range(limit)])


def limited_pictures(pictures: ClassifiedPictures, limit: int | None) -> ClassifiedPictures:
    """At most `limit` pictures of a classifier's data set, as `limited`."""
    paths, ids = limited(pictures.paths, limit), limited(pictures.class_ids, limit)
    return replace(pictures, paths=paths, class_ids=ids)


def draw_of_detector(
    network: Network, examples: Sequence[Example], plan: TrainPlan
) -> PictureDraw:
    """How the pictures of a detector are drawn.

    Raises:
        UsageError: --rect or --balance oversample with a network that cannot have it.
    """
    head, weights = network.heads[-1], None
    if plan.balance == OVERSAMPLE:
        _check_draws_singly(network, "--balance oversample")
        weights = detection_weights(examples, head.classes)
    if plan.rect:
        _check_draws_singly(network, "--rect")
        _check_takes_shapes(network)
        net = network.net
        return shape_groups(examples, (net.width, net.height), net.resize_step, weights)
    return UNIFORM if weights is None else WeightedDraw(weights)


def with_draw(settings: _Settings, draw: PictureDraw) -> _Settings:
    """Settings of an augmentation whose pictures are drawn in another way."""
    return replace(settings, order=replace(settings.order, draw=draw))


def shapes_of(draw: PictureDraw) -> ShapeDraw | None:
    """The shapes of the iterations' pictures; None if they have no common one."""
    return draw if isinstance(draw, ShapeDraw) else None


def reader_of(plan: TrainPlan) -> PictureReader:
    """What reads the pictures to train on.

    Raises:
        UsageError: the processes that load pictures would not share the memory of this one.
    """
    if plan.cache == DISK:
        return DiskReader(plan.path("_pictures"))
    if plan.cache != RAM:
        return FileReader()
    method = multiprocessing.get_start_method()
    if plan.workers and method != "fork":
        raise UsageError(
            "--cache ram needs processes that share the memory of this one",
            expected="a system where processes are forked, as Linux",
            got=f"processes that are started by {method}",
            fix="--cache disk, or --workers 0",
        )
    return MemoryReader()


def check_is_detector(plan: TrainPlan, kind: str) -> None:
    """Refuse the options that need boxes, for networks without.

    Raises:
        UsageError: --rect.
    """
    if plan.rect:
        raise UsageError(
            "--rect is for detectors",
            where=plan.cfg,
            expected="a network with a detection head",
            got=f"a {kind}",
            fix="leave --rect out",
        )


def check_has_pictures(plan: TrainPlan) -> None:
    """Refuse the options that need pictures, for networks that are trained on text.

    Raises:
        UsageError: one of them is given.
    """
    given = [name for name in ("limit", "balance", "rect", "cache") if getattr(plan, name)]
    if given:
        raise UsageError(
            f"--{given[0]} is for pictures",
            where=plan.cfg,
            expected="a network that takes pictures",
            got="a network that is trained on text",
            fix=f"leave --{given[0]} out",
        )


def _check_draws_singly(network: Network, option: str) -> None:
    """Refuse to choose pictures where their order in the list matters."""
    if network.net.track:
        raise UsageError(
            f"{option} and track= exclude each other",
            where=network.net.where,
            expected="pictures that are drawn one by one",
            got=f"track={network.net.track}: sequences",
            fix=f"leave {option} out",
        )


def _check_takes_shapes(network: Network) -> None:
    """Refuse --rect for a network whose input has one size."""
    fixed = [layer for layer in network.layers if layer.section in ("connected", "local")]
    if network.heads[-1].truths_by_cell or fixed:
        layer = fixed[0] if fixed else network.heads[-1]
        raise UsageError(
            "--rect changes the shape of the input, which this network cannot take",
            where=layer.options.where,
            expected="a network without layers of a fixed size",
            got=f"[{layer.section}]",
            fix="leave --rect out",
        )
