"""Change a cfg for other classes by the rules of AlexeyAB's README.

Bytes that do not have to change stay as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from darknet_torch.anchors.anchor_sections import find_anchor_sections
from darknet_torch.anchors.rewrite import set_anchors
from darknet_torch.cfg.dialect import ALEXEYAB, Dialect
from darknet_torch.cfg.edit import CfgEdit, LineChange, value_text
from darknet_torch.cfg.grammar import Section, parse_cfg
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError, CfgWarning, UsageError
from darknet_torch.layers.base import Layer
from darknet_torch.layers.contrastive import Contrastive
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.output_layers import (
    check_classes_replaceable,
    count_classifier_outputs,
    find_channel_producer,
)
from darknet_torch.training.scaling import batches_for_epochs, distinct_steps, scaled_schedule

_BATCHES_PER_CLASS = 2000
_MIN_BATCHES = 6000
_LAST_STEPS = (0.8, 0.9)  # fractions of max_batches at which the learning rate is lowered
# A base with batch=1 is written for inference; it gets these for training.
_BATCH, _SUBDIVISIONS = 64, 16


@dataclass(frozen=True)
class CustomOptions:
    """The changes that the user wants in the base cfg.

    Attributes:
        classes: the number of classes.
        pictures: the number of pictures in the training set, 0 if it is unknown.
        width, height, batch, subdivisions: options of [net]; None keeps the base's.
        max_batches: the length of the training, to which the schedule of the learning rate is
            scaled; None for the advice of AlexeyAB's README.
        epochs: the length as passes over the pictures, instead of max_batches.
        anchors: [k, 2] widths and heights in pixels of the input; None keeps the base's.
        counters: the number of boxes of each class, for a base that weights its classes by
            counters_per_class.
    """

    classes: int
    pictures: int = 0
    width: int | None = None
    height: int | None = None
    batch: int | None = None
    subdivisions: int | None = None
    max_batches: int | None = None
    epochs: int | None = None
    anchors: np.ndarray | None = field(default=None, compare=False)
    counters: Sequence[int] = ()


@dataclass(frozen=True)
class Customized:
    """A cfg that was changed for other classes.

    Attributes:
        text: the cfg, as `cfg.grammar.decode_cfg` returns it.
        changes: the lines that differ from the base.
        network: built from the cfg, with arrays that have no values.
        kept_layers: how many layers, from the first, have arrays of the same shapes as the
            base's, so that its weights fit them.
    """

    text: str
    changes: list[LineChange]
    network: Network
    kept_layers: int


def customize(
    text: str, options: CustomOptions, *, file: str = "<cfg>", dialect: Dialect = ALEXEYAB
) -> Customized:
    """Change a cfg for other classes.

    These values change where they differ: the classes of the heads, the channels of the layers
    before the heads or of a classifier's output, max_batches, steps, counters_per_class, and
    what `options` sets; burn_in if it sets the length of the training.

    Args:
        text: the base cfg, as `cfg.grammar.decode_cfg` returns it.
        options: what to change.
        file: the name of the base in messages.
        dialect: the dialect that the cfg is built with.

    Raises:
        CfgError: the base cannot be loaded, its classes come from a file as well (tree=, map=),
            or the options do not fit it.
        UsageError: the network cannot be built for the width and height, because they are no
            multiples of its stride; batch is not a multiple of subdivisions, or epochs is given
            together with max_batches or without pictures.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)  # building the result reports them
        sections = parse_cfg(text, file)
        base = build_network(sections, dialect=dialect, initialize=False)
    check_classes_replaceable(base)
    edit = CfgEdit(text)
    _set_net(edit, sections[0], base.net, options)
    channels = _change_heads(edit, sections, base, options, file)
    for index, (key, count) in channels.items():
        edit.set(sections[1 + index], key, str(count))
    network = _build_changed(edit.text, options, base, file)
    return Customized(edit.text, edit.changes(), network, _count_kept_layers(base, network))


def _build_changed(text: str, options: CustomOptions, base: Network, file: str) -> Network:
    """Build the result; if it fails for a size that the strides do not divide, say so."""
    try:
        return build_network(parse_cfg(text, file), dialect=base.dialect, initialize=False)
    except CfgError as error:
        sizes = {"width": options.width, "height": options.height}
        stride = max((base.net.width // one.input_shape.width for one in base.heads), default=1)
        wrong = {key: size for key, size in sizes.items() if size and size % stride}
        if not wrong:
            raise
        near = {max(size // stride + up, 1) * stride for size in wrong.values() for up in (0, 1)}
        raise UsageError(
            "the network cannot be built for this size",
            where=file,
            expected=f"width and height that are multiples of {stride}, the network's stride, "
            f"such as {' or '.join(map(str, sorted(near)))}",
            got=", ".join(f"{key}={size}" for key, size in wrong.items()),
            fix=f"the first layer that fails: {error}",
        ) from None


def _change_heads(
    edit: CfgEdit, sections: Sequence[Section], base: Network, options: CustomOptions, file: str
) -> dict[int, tuple[str, int]]:
    """Set the classes and anchors of the heads.

    Returns:
        For each layer whose channels must change: its index -> the key that sets its channels,
        and their number.
    """
    if not base.heads:
        count_classifier_outputs(base)
        producer = find_channel_producer(base, base.output_layer)
        if options.anchors is not None:
            find_anchor_sections(sections, file)  # raises, since there are no heads with anchors
        return {producer.index: (producer.key, options.classes)}
    boxes = [head.boxes_per_position for head in base.heads]
    if options.anchors is not None:
        boxes = set_anchors(edit, find_anchor_sections(sections, file), options.anchors, file)
    found = {}
    for head, count in zip(base.heads, boxes, strict=True):
        _set_classes(edit, sections[1 + head.index], options)
        producer = find_channel_producer(base, head)
        found[producer.index] = (producer.key, head.channels_for(options.classes, count))
    for layer in base.layers:
        if isinstance(layer, Contrastive):
            edit.set(sections[1 + layer.index], "classes", str(options.classes))
    return found


def _set_classes(edit: CfgEdit, section: Section, options: CustomOptions) -> None:
    edit.set(section, "classes", str(options.classes))
    if "counters_per_class" not in section.first():
        return
    if options.counters:
        edit.set(section, "counters_per_class", ", ".join(map(str, options.counters)))
    else:
        edit.remove(section, "counters_per_class")


def _set_net(edit: CfgEdit, section: Section, net: NetOptions, options: CustomOptions) -> None:
    sizes = _batch_sizes(net, options)
    batches = _length(options, sizes["batch"])
    values = {
        "width": options.width,
        "height": options.height,
        **sizes,
        "max_batches": batches,
        **_schedule(net, options, batches),
    }
    for key, value in values.items():
        if value is not None and value != getattr(net, key):
            edit.set(section, key, value_text(value))


def _length(options: CustomOptions, batch: int) -> int:
    """The max_batches that is asked for, or that AlexeyAB's README advises.

    Raises:
        UsageError: epochs are asked for together with max_batches, or without pictures.
    """
    if options.epochs is None:
        advised = max(options.classes * _BATCHES_PER_CLASS, options.pictures, _MIN_BATCHES)
        return options.max_batches or advised
    if options.max_batches is not None:
        raise UsageError(
            "--epochs and --max-batches exclude each other",
            expected="one of them",
            got=f"--epochs {options.epochs} --max-batches {options.max_batches}",
            fix="give the length once",
        )
    if not options.pictures:
        raise UsageError(
            "--epochs has no pictures to count",
            expected="--data with pictures to train on",
            got="no --data, or an empty list",
            fix="give --data, or the length as --max-batches",
        )
    return batches_for_epochs(options.epochs, options.pictures, batch)


def _schedule(net: NetOptions, options: CustomOptions, batches: int) -> dict[str, Any]:
    """The options of the learning rate for a training of `batches` batches.

    A length that the user chose scales all of them; the advised one moves the steps alone, as
    the README says.
    """
    asked = options.max_batches is not None or options.epochs is not None
    scaled = scaled_schedule(net, batches) if asked else {}
    return {**scaled, "steps": scaled_steps(net, batches)}


def _batch_sizes(net: NetOptions, options: CustomOptions) -> dict[str, int]:
    training = net.batch > 1
    batch = options.batch or (net.batch if training else _BATCH)
    subdivisions = options.subdivisions or (net.subdivisions if training else _SUBDIVISIONS)
    if batch % subdivisions:
        raise UsageError(
            "batch cannot be divided into subdivisions of equal size",
            expected="batch a multiple of subdivisions",
            got=f"batch={batch}, subdivisions={subdivisions}",
            fix="change --batch or --subdivisions",
        )
    return {"batch": batch, "subdivisions": subdivisions}


def scaled_steps(net: NetOptions, max_batches: int) -> tuple[int, ...]:
    """Return the steps of [net] for a training of `max_batches` batches.

    The last steps, whose scales are below 1, move: a single one to 80 % of max_batches, two to
    80 % and 90 %, more to equal distances from 80 % to 90 %. The steps before them, which warm
    up, stay. Without policy=steps all of them stay.
    """
    if net.policy != "steps":
        return net.steps
    lowering = 0
    while lowering < len(net.steps) and net.scales[len(net.steps) - 1 - lowering] < 1:
        lowering += 1
    fractions = np.linspace(*_LAST_STEPS, lowering)
    moved = [float(fraction) * max_batches for fraction in fractions]
    return net.steps[: len(net.steps) - lowering] + distinct_steps(moved, max_batches)


def _count_kept_layers(base: Network, network: Network) -> int:
    """Count the layers, from the first, whose arrays have the same shapes in both networks."""
    for before, after in zip(base.layers, network.layers, strict=True):
        if _array_shapes(before) != _array_shapes(after):
            return before.index
    return len(base.layers)


def _array_shapes(layer: Layer) -> list[tuple[int, ...]]:
    return [tuple(slot.tensor.shape) for slot in layer.weight_slots()]
