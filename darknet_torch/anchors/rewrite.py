"""Replaces the anchors of a cfg: anchors, num, mask, filters. Every other byte is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from darknet_torch.anchors.anchor_sections import AnchorSection, parse_anchor_sections
from darknet_torch.anchors.formatting import format_anchors_for_cfg
from darknet_torch.cfg.edit import CfgEdit, same_value
from darknet_torch.cfg.grammar import encode_cfg, read_cfg_text
from darknet_torch.errors import CfgError
from darknet_torch.files import rewrite_input

_CONVOLUTIONS = ("convolutional", "conv")


def rewrite_cfg(path: Path, anchors: np.ndarray) -> Path | None:
    """Replace the anchors of the cfg file at `path`; see `replace_anchors`.

    Returns:
        The file that keeps the old content, see `rewrite_input`; None if nothing changed.

    Raises:
        CfgError: the file cannot be read, or `replace_anchors` raises.
        UsageError: the file or its backup cannot be written. It is unchanged after any error.
    """
    old = read_cfg_text(path)
    new = replace_anchors(old, anchors, str(path))
    return None if new == old else rewrite_input(path, encode_cfg(new))


def replace_anchors(text: str, anchors: np.ndarray, file: str = "<cfg>") -> str:
    """Replace the anchors in the text of a cfg.

    Anchors are assigned by size: the smallest ones to the head with the smallest stride. Each
    head gets the same number; if they do not divide evenly, the first heads get one more.

    Args:
        text: the cfg, one character per byte.
        anchors: [k, 2] widths and heights in pixels of the network's input, smallest first.
        file: the name of the cfg in messages.

    Returns:
        The new text.

    Raises:
        CfgError: there are no heads, there are fewer anchors than heads, or the number of
            channels of a head changes and does not come from a convolution.
    """
    edit = CfgEdit(text)
    set_anchors(edit, parse_anchor_sections(text, file), anchors, file)
    return edit.text


def set_anchors(
    edit: CfgEdit, heads: Sequence[AnchorSection], anchors: np.ndarray, file: str
) -> list[int]:
    """Replace the anchors of a cfg's heads; see `replace_anchors`.

    Args:
        edit: the cfg to edit.
        heads: all heads of the cfg.
        anchors: [k, 2] widths and heights in pixels of the network's input, smallest first.
        file: the name of the cfg in messages.

    Returns:
        The number of anchors of each head.

    Raises:
        CfgError: as `replace_anchors`; `heads` may be empty, however.
    """
    if len(anchors) < len(heads):
        raise CfgError(
            "fewer anchors than heads",
            where=file,
            expected=f"at least {len(heads)}",
            got=len(anchors),
        )
    masks = _masks(heads, len(anchors))
    for head, mask in zip(heads, masks, strict=True):
        listed = anchors if head.has_mask else anchors[mask]
        edit.set(head.section, "anchors", _format(listed, head))
        edit.set(head.section, "num", str(len(listed)))
        if head.has_mask and (len(heads) > 1 or "mask" in head.section.first()):
            edit.set(head.section, "mask", ",".join(map(str, mask)))
        _set_filters(edit, head, len(mask))
    return [len(mask) for mask in masks]


def _format(anchors: np.ndarray, head: AnchorSection) -> str:
    return format_anchors_for_cfg(anchors / float(head.unit), as_integers=head.has_mask)


def _masks(heads: Sequence[AnchorSection], count: int) -> list[list[int]]:
    """The anchor indices of each head."""
    by_stride = sorted(range(len(heads)), key=lambda index: heads[index].stride)
    shares = np.array_split(np.arange(count), len(heads))
    masks: list[list[int]] = [[] for _ in heads]
    for index, share in zip(by_stride, shares, strict=True):
        masks[index] = share.tolist()
    return masks


def _set_filters(edit: CfgEdit, head: AnchorSection, boxes: int) -> None:
    needed, producer = boxes * head.values_per_box, head.producer
    if producer is None or producer.name not in _CONVOLUTIONS:
        if producer is not None and same_value(producer.first()["filters"].value, str(needed)):
            return
        raise CfgError(
            f"[{head.section.name}] needs {needed} channels, but its input is not from a "
            "[convolutional]",
            where=head.section.where,
            expected=f"a [convolutional] with filters={needed} before it",
            got=f"[{producer.name}] at line {producer.where.line}" if producer else "none",
            fix="change the number of channels by hand first",
        )
    edit.set(producer, "filters", str(needed))
