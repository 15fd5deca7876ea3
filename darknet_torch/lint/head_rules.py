"""Rules for detection heads and what feeds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from darknet_torch.anchors.strides import strides_along_x
from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.zoo import find_beside
from darknet_torch.errors import CfgError
from darknet_torch.heads.yolo import AnchorHead
from darknet_torch.lint.finding import Finding, error, note, warning
from darknet_torch.model.network import Network
from darknet_torch.model.output_layers import producer_of

HeadRule = Callable[[Network, Sequence[Section]], Iterator[Finding]]

# Options of every head that Darknet takes from the last head for all of them.
# Source: detector.c train_detector, validate_detector.
_OF_THE_LAST_HEAD = ("jitter", "random", "resize", "max", "nms_kind", "beta_nms")


def classes_agree(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """Darknet takes the number of classes from the last head."""
    last = network.heads[-1]
    for head in network.heads[:-1]:
        if head.classes != last.classes:
            yield error(
                head.options.where,
                f"[{head.section}] has other classes than the last head "
                f"({last.options.where}), whose number Darknet takes for all",
                expected=f"classes={last.classes}",
                got=f"classes={head.classes}",
                fix=f"write classes={last.classes} and "
                f"filters={head.channels_for(last.classes, head.boxes_per_position)} before it",
            )


def last_head_decides(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """Options that count in the last head alone."""
    last = network.heads[-1]
    for head in network.heads[:-1]:
        for key in _OF_THE_LAST_HEAD:
            here, there = (getattr(item.options, key, None) for item in (head, last))
            if here != there and here is not None:
                yield warning(
                    head.options.where,
                    f"[{head.section}] {key} does not count: Darknet takes that of the last "
                    f"head ({last.options.where})",
                    expected=f"{key}={_as_text(there)}",
                    got=f"{key}={_as_text(here)}",
                    fix=f"write the same {key}= in all heads",
                )


def anchors_shared_out(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """Anchors that several heads have, or none."""
    heads = _anchor_heads(network)
    for head in heads:
        repeated = {index for index in head.mask if head.mask.count(index) > 1}
        if repeated:
            yield warning(
                head.options.where,
                f"[{head.section}] mask names an anchor twice: {_listed(repeated)}",
                expected="each once",
                got=f"mask={_listed(head.mask)}",
            )
    if len(heads) < 2:
        return
    first = heads[0].options
    for head in heads[1:]:
        if head.options.num == first.num and head.options.anchors != first.anchors:
            yield warning(
                head.options.where,
                f"[{head.section}] has other anchors than the first head ({first.where})",
                expected="the same list in all heads, each with its mask",
                fix="copy anchors= from the one that is right",
            )
            return
    used = [index for head in heads for index in dict.fromkeys(head.mask)]
    shared = sorted({index for index in used if used.count(index) > 1})
    idle = sorted(set(range(first.num)) - set(used))
    if shared:
        yield note(first.where, f"several heads have anchor {_listed(shared)}")
    if idle:
        yield note(first.where, f"no head has anchor {_listed(idle)}")


def large_anchors_in_coarse_maps(
    network: Network, sections: Sequence[Section]
) -> Iterator[Finding]:
    """Anchors that grow as the strides of their heads do not."""
    strides = strides_along_x(sections[1:])
    heads = sorted(_anchor_heads(network), key=lambda head: strides[head.index])
    for fine, coarse in pairwise(heads):
        areas = [float(head.anchors.prod(1).mean()) for head in (fine, coarse)]
        if strides[fine.index] < strides[coarse.index] and areas[0] > areas[1]:
            yield warning(
                fine.options.where,
                f"[{fine.section}] has stride {strides[fine.index]} and larger anchors than the "
                f"head with stride {strides[coarse.index]} ({coarse.options.where})",
                expected="the smallest anchors where the stride is smallest",
                got=f"mask={_listed(fine.mask)} here, mask={_listed(coarse.mask)} there",
                fix="exchange the masks, or let dtorch kmeans --write deal them out",
            )


def what_feeds_a_head(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """An activation function or a normalisation that a head's values do not survive."""
    for head in network.heads:
        try:
            feeding = network.layers[producer_of(network, head).index]
        except CfgError:
            continue  # joined layers: which one is meant is not known
        given = getattr(feeding.options, "activation", None)
        wanted = "logistic" if getattr(head.options, "new_coords", False) else "linear"
        if given is not None and given != wanted:
            yield warning(
                feeding.options.where,
                f"[{feeding.section}] feeds the [{head.section}] of {head.options.where}, which "
                "expects another activation function",
                expected=f"activation={wanted}",
                got=f"activation={given}",
                fix=f"write activation={wanted}",
            )
        if getattr(feeding.options, "batch_normalize", 0):
            yield warning(
                feeding.options.where,
                f"[{feeding.section}] normalises what the [{head.section}] of "
                f"{head.options.where} reads as coordinates",
                expected="no batch_normalize=",
                got=f"batch_normalize={int(feeding.options.batch_normalize)}",
                fix="delete batch_normalize=",
            )


def map_is_there(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """The file of map=, without which Darknet ends. Source: utils.c read_map."""
    for head in network.heads:
        name = getattr(head.options, "map", "")
        if name and find_beside(name, head.options.where.file) is None:
            yield error(
                head.options.where,
                f"[{head.section}] map={name} is not there",
                expected="a file, from the working folder",
                fix="delete map=, or put the file there",
            )


def _anchor_heads(network: Network) -> list[AnchorHead]:
    return [head for head in network.heads if isinstance(head, AnchorHead)]


def _as_text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _listed(numbers: Sequence[int] | set[int]) -> str:
    return ",".join(map(str, sorted(numbers) if isinstance(numbers, set) else numbers))


HEAD_RULES: tuple[HeadRule, ...] = (
    classes_agree,
    last_head_decides,
    anchors_shared_out,
    large_anchors_in_coarse_maps,
    what_feeds_a_head,
    map_is_there,
)
