"""Rules for the options of [net], most of which are about training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from darknet_torch.anchors.strides import strides_along_x
from darknet_torch.augment.mixing import check_contrastive_batch, mixing_mode
from darknet_torch.augment.pictures import check_channels, check_mini_batch
from darknet_torch.cfg.grammar import Location, Section
from darknet_torch.cfg.net import NetOptions
from darknet_torch.lint.finding import (
    Finding,
    collect_findings,
    error,
    finding_from_warning,
    note,
    warning,
)
from darknet_torch.model.network import Network
from darknet_torch.training.schedule_rules import SCHEDULE_RULES

NetRule = Callable[[NetOptions, Sequence[Section], Network | None], Iterator[Finding]]
Sections = Sequence[Section]

_USUAL_STRIDE = 32  # building any network already checks that this divides its size
_BATCHES_PER_CLASS = 2000  # the advice of AlexeyAB's README


def _where(sections: Sections, key: str) -> Location:
    """Return the line of a key of [net], or the section's line if it has no such key."""
    entry = sections[0].first().get(key)
    return sections[0].where if entry is None else entry.where


def _refused(check: Callable[[NetOptions], object], net: NetOptions) -> list[Finding]:
    """Return what a check of the training says of [net]."""
    found: list[Finding] = []
    with collect_findings(found):
        check(net)
    return found


def batch_divides_into_subdivisions(
    net: NetOptions, sections: Sections, network: Network | None
) -> Iterator[Finding]:
    """Report a batch that is not a multiple of subdivisions: Darknet drops the remainder.

    Source: parser.c parse_net_options, which divides two integers.
    """
    used = net.batch // net.subdivisions * net.subdivisions
    where = _where(sections, "subdivisions")
    yield from _refused(check_mini_batch, replace(net, where=where))
    if 0 < used < net.batch:
        yield warning(
            where,
            f"Darknet trains with {used} pictures at a time, not {net.batch}",
            expected="batch a multiple of subdivisions",
            got=f"batch={net.batch}, subdivisions={net.subdivisions}",
            fix=f"write batch={used}",
        )


def length_of_training(
    net: NetOptions, sections: Sections, network: Network | None
) -> Iterator[Finding]:
    """Report a max_batches with which training does not start, does not end, or is short.

    Source: detector.c train_detector, classifier.c train_classifier.
    """
    where = _where(sections, "max_batches")
    heads = network.heads if network is not None else []
    if net.max_batches <= 0:
        if "max_batches" not in sections[0].first():
            yield note(where, "has no max_batches: it is for inference, not for training")
        elif heads or net.policy == "poly":
            why = "nothing is trained" if heads else "policy=poly divides by it"
            yield warning(
                where, f"max_batches={net.max_batches}: {why}", expected="a number above 0"
            )
        else:
            yield note(where, f"max_batches={net.max_batches}: training does not end by itself")
    elif heads and net.max_batches < _BATCHES_PER_CLASS * heads[0].classes:
        yield note(
            where,
            "training is shorter than AlexeyAB's README advises",
            expected=f"{_BATCHES_PER_CLASS} batches per class, "
            f"{_BATCHES_PER_CLASS * heads[0].classes} for {heads[0].classes} classes",
            got=net.max_batches,
        )


def schedule(net: NetOptions, sections: Sections, network: Network | None) -> Iterator[Finding]:
    """Report a schedule of the learning rate by which little or nothing is learned."""
    found: list[Finding] = []
    with collect_findings(found):
        for rule in SCHEDULE_RULES:
            found += map(finding_from_warning, rule(net, partial(_where, sections)))
    yield from found


def augmentation(
    net: NetOptions, sections: Sections, network: Network | None
) -> Iterator[Finding]:
    """Report augmentation options with which AlexeyAB's code refuses to train a detector.

    Source: data.c load_data_detection.
    """
    if network is None or not network.heads:
        return
    if net.cutmix:
        yield error(
            _where(sections, "cutmix"),
            "cutmix is for classifiers; Darknet does not train detectors with it",
            expected="cutmix=0",
            got="cutmix=1",
            fix="write mosaic=1 instead",
        )
    if net.mosaic and net.letter_box:
        yield error(
            _where(sections, "letter_box"),
            "Darknet does not train with mosaic and letter_box together",
            expected="one of the two",
            got="mosaic=1, letter_box=1",
            fix="write letter_box=0",
        )


def mixtures(net: NetOptions, sections: Sections, network: Network | None) -> Iterator[Finding]:
    """Report values of mixup= and contrastive= with which training does not start."""
    for refuses in (mixing_mode, check_contrastive_batch):
        yield from _refused(refuses, net)


def picture_channels(
    net: NetOptions, sections: Sections, network: Network | None
) -> Iterator[Finding]:
    """Report an input of pictures with a number of channels that training refuses."""
    if net.is_picture:
        yield from _refused(check_channels, replace(net, where=_where(sections, "channels")))


def sizes_and_strides(
    net: NetOptions, sections: Sections, network: Network | None
) -> Iterator[Finding]:
    """Report sizes that the largest stride of the heads does not divide, though 32 does.

    Building the network reports the sizes that 32 does not divide.
    """
    if network is None or not network.heads:
        return
    strides = strides_along_x(sections[1:])
    stride = max(int(strides[head.index]) for head in network.heads)
    if stride <= _USUAL_STRIDE:
        return
    for key, size in (("width", net.width), ("height", net.height)):
        if size % stride and not size % _USUAL_STRIDE:
            yield warning(
                _where(sections, key),
                f"the largest stride of the heads does not divide {key}",
                expected=f"a multiple of {stride}",
                got=size,
                fix=f"write {key}={max(stride, round(size / stride) * stride)}",
            )
    if getattr(network.heads[-1].options, "random", 0) and net.resize_step % stride:
        yield warning(
            _where(sections, "resize_step"),
            "random sizes are not multiples of the largest stride of the heads",
            expected=f"resize_step={stride}",
            got=f"resize_step={net.resize_step}",
            fix=f"write resize_step={stride}",
        )


NET_RULES: tuple[NetRule, ...] = (
    batch_divides_into_subdivisions,
    schedule,
    length_of_training,
    augmentation,
    mixtures,
    picture_channels,
    sizes_and_strides,
)
