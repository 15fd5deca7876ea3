"""New anchors in an old cfg: anchors, num, mask, filters; every other byte stays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from darknet_torch.anchors.heads import AnchorHead, heads_of_text
from darknet_torch.anchors.text import cfg_form
from darknet_torch.cfg.edit import CfgEdit, same_value
from darknet_torch.cfg.grammar import read_cfg_text
from darknet_torch.errors import CfgError
from darknet_torch.files import atomic_write

_CONVOLUTIONS = ("convolutional", "conv")


def rewrite_cfg(path: Path, anchors: np.ndarray) -> None:
    """Put `anchors` into the cfg file at `path`; see `rewritten`.

    Raises:
        CfgError: it cannot be read or written, or as `rewritten`; the file is then as it was.
    """
    new = rewritten(read_cfg_text(path), anchors, str(path))
    try:
        with atomic_write(path) as file:
            file.write(new.encode("latin-1"))
    except OSError as error:
        raise CfgError(f"cannot be rewritten ({error.strerror})", where=path) from None


def rewritten(text: str, anchors: np.ndarray, file: str = "<cfg>") -> str:
    """A cfg's text with new anchors.

    The anchors go to the heads by size: the smallest to the head with the smallest stride,
    the same number to each, and one more to the first if they do not divide.

    Args:
        text: of the cfg, a character a byte.
        anchors: [k, 2] widths and heights in pixels of the network's input, smallest first.
        file: what messages call it.

    Raises:
        CfgError: there are no heads, fewer anchors than heads, or a head whose channels
            come from something else than a convolution would need others.
    """
    edit = CfgEdit(text)
    set_anchors(edit, heads_of_text(text, file), anchors, file)
    return edit.text


def set_anchors(
    edit: CfgEdit, heads: Sequence[AnchorHead], anchors: np.ndarray, file: str
) -> list[int]:
    """Edit the anchors of `heads`, all that its cfg has; see `rewritten`.

    Returns:
        How many of the anchors each head has got.

    Raises:
        CfgError: as `rewritten`, but that there must be heads.
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
        edit.set(head.section, "anchors", _as_text(listed, head))
        edit.set(head.section, "num", str(len(listed)))
        if head.has_mask and (len(heads) > 1 or "mask" in head.section.first()):
            edit.set(head.section, "mask", ",".join(map(str, mask)))
        _set_filters(edit, head, len(mask))
    return [len(mask) for mask in masks]


def _as_text(anchors: np.ndarray, head: AnchorHead) -> str:
    return cfg_form(anchors / float(head.unit), whole=head.has_mask)


def _masks(heads: Sequence[AnchorHead], count: int) -> list[list[int]]:
    """The indices of each head's anchors."""
    by_stride = sorted(range(len(heads)), key=lambda index: heads[index].stride)
    shares = np.array_split(np.arange(count), len(heads))
    masks: list[list[int]] = [[] for _ in heads]
    for index, share in zip(by_stride, shares, strict=True):
        masks[index] = share.tolist()
    return masks


def _set_filters(edit: CfgEdit, head: AnchorHead, boxes: int) -> None:
    needed, producer = boxes * head.values_per_box, head.producer
    if producer is None or producer.name not in _CONVOLUTIONS:
        if producer is not None and same_value(producer.first()["filters"].value, str(needed)):
            return
        raise CfgError(
            f"[{head.section.name}] needs {needed} channels, but does not get them from a "
            "[convolutional]",
            where=head.section.where,
            expected=f"a [convolutional] with filters={needed} before it",
            got=f"[{producer.name}] at line {producer.where.line}" if producer else "none",
            fix="change its channels by hand first",
        )
    edit.set(producer, "filters", str(needed))
