"""Rules for detection heads and the layers before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from darknet_torch.anchors.strides import strides_along_x
from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.zoo import find_named_file
from darknet_torch.errors import CfgError
from darknet_torch.heads.yolo import AnchorHead
from darknet_torch.lint.finding import Finding, error, note, warning
from darknet_torch.model.network import Network
from darknet_torch.model.output_layers import find_channel_producer

HeadRule = Callable[[Network, Sequence[Section]], Iterator[Finding]]

# Every head has these options, but Darknet uses those of the last head for all heads.
# Source: detector.c train_detector, validate_detector.
_LAST_HEAD_OPTIONS = ("jitter", "random", "resize", "max", "nms_kind", "beta_nms")


def same_classes_in_all_heads(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """Report heads with another number of classes than the last, whose number Darknet uses."""
    last = network.heads[-1]
    for head in network.heads[:-1]:
        if head.classes != last.classes:
            yield error(
                head.options.where,
                f"[{head.section}] has a different number of classes than the last head "
                f"({last.options.where}), whose number Darknet uses for all heads",
                expected=f"classes={last.classes}",
                got=f"classes={head.classes}",
                fix=f"write classes={last.classes} and "
                f"filters={head.channels_for(last.classes, head.boxes_per_position)} before it",
            )


def options_of_last_head_only(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """Report options that only have an effect in the last head, where the heads disagree."""
    last = network.heads[-1]
    for head in network.heads[:-1]:
        for key in _LAST_HEAD_OPTIONS:
            here, there = (getattr(item.options, key, None) for item in (head, last))
            if here != there and here is not None:
                yield warning(
                    head.options.where,
                    f"[{head.section}] {key} has no effect: Darknet uses that of the last head "
                    f"({last.options.where})",
                    expected=f"{key}={_as_text(there)}",
                    got=f"{key}={_as_text(here)}",
                    fix=f"write the same {key}= in all heads",
                )


def each_anchor_used_once(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """Report anchors that several heads use, or no head, and heads with different lists."""
    heads = _anchor_heads(network)
    for head in heads:
        repeated = {index for index in head.mask if head.mask.count(index) > 1}
        if repeated:
            yield warning(
                head.options.where,
                f"[{head.section}] mask names an anchor twice: {_join_numbers(repeated)}",
                expected="each anchor once",
                got=f"mask={_join_numbers(head.mask)}",
            )
    if len(heads) < 2:
        return
    first = heads[0].options
    for head in heads[1:]:
        if head.options.num == first.num and head.options.anchors != first.anchors:
            yield warning(
                head.options.where,
                f"[{head.section}] has different anchors than the first head ({first.where})",
                expected="the same list in all heads, each with its mask",
                fix="copy anchors= from the head that is right",
            )
            return
    used = [index for head in heads for index in dict.fromkeys(head.mask)]
    shared = sorted({index for index in used if used.count(index) > 1})
    unused = sorted(set(range(first.num)) - set(used))
    if shared:
        yield note(first.where, f"several heads use anchor {_join_numbers(shared)}")
    if unused:
        yield note(first.where, f"no head uses anchor {_join_numbers(unused)}")


def large_anchors_at_large_strides(
    network: Network, sections: Sequence[Section]
) -> Iterator[Finding]:
    """Report a head with larger anchors but a smaller stride than another head."""
    strides = strides_along_x(sections[1:])
    heads = sorted(_anchor_heads(network), key=lambda head: strides[head.index])
    for fine, coarse in pairwise(heads):
        areas = [float(head.anchors.prod(1).mean()) for head in (fine, coarse)]
        if strides[fine.index] < strides[coarse.index] and areas[0] > areas[1]:
            yield warning(
                fine.options.where,
                f"[{fine.section}] has stride {strides[fine.index]} and larger anchors than the "
                f"head with stride {strides[coarse.index]} ({coarse.options.where})",
                expected="the smallest anchors in the head with the smallest stride",
                got=f"mask={_join_numbers(fine.mask)} here, "
                f"mask={_join_numbers(coarse.mask)} there",
                fix="swap the masks, or let dtorch kmeans --write assign them",
            )


def layer_before_a_head(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """Report activation or batch normalisation in the layer whose output a head decodes."""
    for head in network.heads:
        try:
            feeding = network.layers[find_channel_producer(network, head).index]
        except CfgError:
            continue  # several layers are joined, so none can be named
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


def map_file_exists(network: Network, sections: Sequence[Section]) -> Iterator[Finding]:
    """Report a missing file of map=, without which Darknet exits.

    Source: utils.c read_map.
    """
    for head in network.heads:
        name = getattr(head.options, "map", "")
        if name and find_named_file(name, head.options.where.file) is None:
            yield error(
                head.options.where,
                f"[{head.section}] the file of map={name} does not exist",
                expected="a path relative to the working folder or to the cfg",
                fix="delete map=, or create the file",
            )


def _anchor_heads(network: Network) -> list[AnchorHead]:
    return [head for head in network.heads if isinstance(head, AnchorHead)]


def _as_text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _join_numbers(numbers: Sequence[int] | set[int]) -> str:
    return ",".join(map(str, sorted(numbers) if isinstance(numbers, set) else numbers))


HEAD_RULES: tuple[HeadRule, ...] = (
    same_classes_in_all_heads,
    options_of_last_head_only,
    each_anchor_used_once,
    large_anchors_at_large_strides,
    layer_before_a_head,
    map_file_exists,
)
