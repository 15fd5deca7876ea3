"""A custom cfg from a base, by the rules of AlexeyAB's README; every other byte stays."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from darknet_torch.anchors.anchor_sections import find_anchor_sections
from darknet_torch.anchors.rewrite import set_anchors
from darknet_torch.cfg.dialect import ALEXEYAB, Dialect
from darknet_torch.cfg.edit import CfgEdit, LineChange
from darknet_torch.cfg.grammar import Section, parse_cfg
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.layers.base import Layer
from darknet_torch.layers.contrastive import Contrastive
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.output_layers import check_outputs, classifier_outputs, producer_of

_BATCHES_PER_CLASS = 2000
_FEWEST_BATCHES = 6000
_LAST_STEPS = (0.8, 0.9)  # parts of max_batches at which the rate falls
# What a base that says batch=1, to be run and not trained, gets for training.
_BATCH, _SUBDIVISIONS = 64, 16


@dataclass(frozen=True)
class Wishes:
    """What a custom network shall be.

    Attributes:
        classes: how many.
        pictures: in the training set, 0 if it is not known.
        width, height, batch, subdivisions: of [net]; None keeps the base's.
        anchors: [k, 2] widths and heights in pixels of the input; None keeps the base's.
        counters: boxes of each class, for a base that weighs its classes by them.
    """

    classes: int
    pictures: int = 0
    width: int | None = None
    height: int | None = None
    batch: int | None = None
    subdivisions: int | None = None
    anchors: np.ndarray | None = field(default=None, compare=False)
    counters: Sequence[int] = ()


@dataclass(frozen=True)
class Customized:
    """A custom cfg.

    Attributes:
        text: a character a byte.
        changes: the lines that differ from the base.
        network: built from it, its arrays without values.
        kept_layers: how many layers, from the first, have the base's arrays.
    """

    text: str
    changes: list[LineChange]
    network: Network
    kept_layers: int


def customize(
    text: str, wishes: Wishes, *, file: str = "<cfg>", dialect: Dialect = ALEXEYAB
) -> Customized:
    """The cfg `text` for other classes.

    Changed are, where they differ: classes of the heads, the channels of the layers that feed
    them or a classifier's output, max_batches, steps, counters_per_class, and what else is
    wished for.

    Args:
        text: of the base, a character a byte.
        file: what messages call it.

    Raises:
        CfgError: the base cannot be loaded, its classes are more than a number, or the wishes
            do not fit it.
        UsageError: batch is no multiple of subdivisions.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)  # of the result they are heard
        sections = parse_cfg(text, file)
        base = build_network(sections, dialect=dialect, initialize=False)
    check_outputs(base)
    edit = CfgEdit(text)
    _set_net(edit, sections[0], base.net, wishes)
    channels = _channels(edit, sections, base, wishes, file)
    for index, (key, count) in channels.items():
        edit.set(sections[1 + index], key, str(count))
    network = build_network(parse_cfg(edit.text, file), dialect=dialect, initialize=False)
    return Customized(edit.text, edit.changes(), network, _kept(base, network))


def _channels(
    edit: CfgEdit, sections: Sequence[Section], base: Network, wishes: Wishes, file: str
) -> dict[int, tuple[str, int]]:
    """Index of a layer -> the key of its channels and how many it must make."""
    if not base.heads:
        classifier_outputs(base)
        producer = producer_of(base, base.output_layer)
        if wishes.anchors is not None:
            find_anchor_sections(sections, file)  # which says that there are none
        return {producer.index: (producer.key, wishes.classes)}
    boxes = [head.boxes_per_position for head in base.heads]
    if wishes.anchors is not None:
        boxes = set_anchors(edit, find_anchor_sections(sections, file), wishes.anchors, file)
    found = {}
    for head, count in zip(base.heads, boxes, strict=True):
        _set_classes(edit, sections[1 + head.index], wishes)
        producer = producer_of(base, head)
        found[producer.index] = (producer.key, head.channels_for(wishes.classes, count))
    for layer in base.layers:
        if isinstance(layer, Contrastive):
            edit.set(sections[1 + layer.index], "classes", str(wishes.classes))
    return found


def _set_classes(edit: CfgEdit, section: Section, wishes: Wishes) -> None:
    edit.set(section, "classes", str(wishes.classes))
    if "counters_per_class" not in section.first():
        return
    if wishes.counters:
        edit.set(section, "counters_per_class", ", ".join(map(str, wishes.counters)))
    else:
        edit.remove(section, "counters_per_class")


def _set_net(edit: CfgEdit, section: Section, net: NetOptions, wishes: Wishes) -> None:
    wished = {"width": wishes.width, "height": wishes.height, **_batch(net, wishes)}
    batches = max(wishes.classes * _BATCHES_PER_CLASS, wishes.pictures, _FEWEST_BATCHES)
    wished["max_batches"] = batches
    for key, value in wished.items():
        if value is not None and value != getattr(net, key):
            edit.set(section, key, str(value))
    steps = scaled_steps(net, batches)
    if steps != net.steps:
        edit.set(section, "steps", ",".join(map(str, steps)))


def _batch(net: NetOptions, wishes: Wishes) -> dict[str, int]:
    training = net.batch > 1
    batch = wishes.batch or (net.batch if training else _BATCH)
    subdivisions = wishes.subdivisions or (net.subdivisions if training else _SUBDIVISIONS)
    if batch % subdivisions:
        raise UsageError(
            "batch is computed in subdivisions of equal size",
            expected="batch a multiple of subdivisions",
            got=f"batch={batch}, subdivisions={subdivisions}",
            fix="give --batch and --subdivisions that go together",
        )
    return {"batch": batch, "subdivisions": subdivisions}


def scaled_steps(net: NetOptions, max_batches: int) -> tuple[int, ...]:
    """The steps of [net] for `max_batches`.

    The falls of the rate at the end lie at 80 % and 90 %, one alone at 80 %, more than two
    from 80 % to 90 % at equal distances. Steps before them, which warm up, stay. Without
    policy=steps all stay.
    """
    if net.policy != "steps":
        return net.steps
    falls = 0
    while falls < len(net.steps) and net.scales[len(net.steps) - 1 - falls] < 1:
        falls += 1
    parts = np.linspace(*_LAST_STEPS, falls)
    moved = tuple(round(float(part) * max_batches) for part in parts)
    return net.steps[: len(net.steps) - falls] + moved


def _kept(base: Network, network: Network) -> int:
    """How many layers, from the first, have arrays of the same shapes in both."""
    for before, after in zip(base.layers, network.layers, strict=True):
        if _shapes(before) != _shapes(after):
            return before.index
    return len(base.layers)


def _shapes(layer: Layer) -> list[tuple[int, ...]]:
    return [tuple(slot.tensor.shape) for slot in layer.weight_slots()]
