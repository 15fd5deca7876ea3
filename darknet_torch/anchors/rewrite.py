"""New anchors in an old cfg: anchors, num, mask, filters; every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from darknet_torch.anchors.heads import AnchorHead, heads_of_text
from darknet_torch.anchors.spelling import cfg_form
from darknet_torch.cfg.grammar import Section
from darknet_torch.errors import CfgError
from darknet_torch.files import replacing

# key= and blanks, the value, blanks and a comment and the end of a Windows line.
_LINE = re.compile(r"([^=]*=[ \t]*)(.*?)([ \t]*(?:#.*)?\r?)", re.DOTALL)
_CONVOLUTIONS = ("convolutional", "conv")


def rewrite_cfg(path: Path, anchors: np.ndarray) -> None:
    """Put `anchors` into the cfg file at `path`; see `rewritten`.

    Raises:
        CfgError: it cannot be read or written, or as `rewritten`; the file is then as it was.
    """
    try:
        text = path.read_bytes().decode("latin-1")
        new = rewritten(text, anchors, str(path))
        with replacing(path) as file:
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
    heads = heads_of_text(text, file)
    if len(anchors) < len(heads):
        raise CfgError(
            "fewer anchors than heads",
            where=file,
            expected=f"at least {len(heads)}",
            got=len(anchors),
        )
    edit = _Edit(text)
    for head, mask in zip(heads, _masks(heads, len(anchors)), strict=True):
        listed = anchors if head.has_mask else anchors[mask]
        edit.set(head.section, "anchors", _spelt(listed, head))
        edit.set(head.section, "num", str(len(listed)))
        if head.has_mask and (len(heads) > 1 or "mask" in head.section.first()):
            edit.set(head.section, "mask", ",".join(map(str, mask)))
        _set_filters(edit, head, len(mask))
    return edit.text


def _spelt(anchors: np.ndarray, head: AnchorHead) -> str:
    return cfg_form(anchors / float(head.unit), whole=head.has_mask)


def _masks(heads: Sequence[AnchorHead], count: int) -> list[list[int]]:
    """The indices of each head's anchors."""
    by_stride = sorted(range(len(heads)), key=lambda index: heads[index].stride)
    shares = np.array_split(np.arange(count), len(heads))
    masks: list[list[int]] = [[] for _ in heads]
    for index, share in zip(by_stride, shares, strict=True):
        masks[index] = share.tolist()
    return masks


def _set_filters(edit: _Edit, head: AnchorHead, boxes: int) -> None:
    needed, producer = boxes * head.values_per_box, head.producer
    if producer is None or producer.name not in _CONVOLUTIONS:
        if producer is not None and _same(producer.first()["filters"].value, str(needed)):
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


def _same(old: str | None, new: str) -> bool:
    return (old or "").partition("#")[0] == new.replace(" ", "")


class _Edit:
    """The lines of a cfg while some of them are replaced."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")

    @property
    def text(self) -> str:
        """All of them as they are now."""
        return "\n".join(self.lines)

    def set(self, section: Section, key: str, value: str) -> None:
        """Write `value` in the line that counts, or as a line behind the section's own.

        A value that says the same already keeps its blanks.
        """
        entry = section.first().get(key)
        if entry is not None and _same(entry.value, value):
            return
        if entry is not None and entry.value is not None:
            match = _LINE.fullmatch(self.lines[entry.where.line - 1])
            if match is None:
                raise AssertionError("a line with a value has the form of one")
            self.lines[entry.where.line - 1] = match[1] + value + match[3]
            return
        # Without a line of its own yet. It shares the section's, so that the numbers of the
        # lines behind it stay right.
        head = self.lines[section.where.line - 1]
        end = "\r" if head.endswith("\r") else ""
        self.lines[section.where.line - 1] = f"{head}\n{key}={value}{end}"
