"""The likely cause when a weight file does not fit its network."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from darknet_torch.errors import WeightsError
from darknet_torch.heads.base import Head
from darknet_torch.model.network import Network

_OTHER_FORMATS = (
    (b"<", "a web page, not a weight file", "the download went wrong: fetch the file itself"),
    (b"PK\x03\x04", "a zip archive (PyTorch's own format is one)", "give a Darknet .weights file"),
    (b"\x1f\x8b", "compressed by gzip", "decompress it first"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file", "run git lfs pull"),
    (b"\x89PNG", "a picture", "swap the picture and the weights"),
    (b"\xff\xd8\xff", "a picture", "swap the picture and the weights"),
    (b"[net", "a cfg, not a weight file", "swap the cfg and the weights"),
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MIN_BYTES = 16


class SizeMismatchError(WeightsError):
    """A weight file whose length does not fit the network.

    Args:
        what: what is wrong, in one line.
        network: the network to be filled.
        file_bytes: bytes of values in the file.
        remark: added to the probable mistake, which is what `fix` says.
        parts: where, expected and got.

    Attributes:
        cause: the probable mistake, and how to mend it.
        classes: the number of classes for which the length would be right, None for none.
    """

    def __init__(
        self, what: str, *, network: Network, file_bytes: int, remark: str = "", **parts: Any
    ) -> None:
        self.cause: str = likely_cause(network, file_bytes)
        self.classes: int | None = _classes_that_fit(network, file_bytes)
        super().__init__(what, **parts, fix=f"{self.cause}{remark}")


def check_is_weights(data: np.ndarray, path: str) -> None:
    """Check that a file's bytes can be a weight file.

    Raises:
        WeightsError: the file is a web page or another known format, or shorter than a header.
    """
    start = data[:512].tobytes().removeprefix(_BYTE_ORDER_MARK).lstrip()
    if re.search(rb"^\s*\[net", start, re.MULTILINE):
        start = start[start.index(b"[net") :]
    for mark, what, fix in _OTHER_FORMATS:
        if start.startswith(mark):
            raise WeightsError(
                f"this is {what}",
                where=path,
                expected="a Darknet weight file",
                got=repr(start[:24]),
                fix=fix,
            )
    if len(data) < _MIN_BYTES:
        raise WeightsError(
            "is shorter than a weight file's header",
            where=path,
            expected=f"{_MIN_BYTES} bytes or more",
            got=f"{len(data)} bytes",
            fix="download it again",
        )


def likely_cause(network: Network, file_bytes: int) -> str:
    """The probable mistake when `file_bytes` bytes of values do not fit `network`."""
    classes = _classes_that_fit(network, file_bytes)
    if classes is not None:
        ours = network.heads[0].classes
        return (
            f"probably {classes} classes in the file, {ours} in the cfg: "
            f"set classes={classes} in every head and filters= before each, "
            "or take the cfg that the file was trained with"
        )
    if file_bytes % 4:
        return "its length is not a whole number of floats: the download broke off, fetch it again"
    return "the file belongs to another cfg, or the download broke off"


def _classes_that_fit(network: Network, file_bytes: int) -> int | None:
    """The number of classes for which the file's length would be right, None if there is none."""
    heads = network.heads
    if not heads or file_bytes % 4:
        return None
    per_class = sum(_floats_per_class(network, head) for head in heads)
    expected = sum(slot.tensor.numel() for _, slot in network.slots())
    missing = file_bytes // 4 - expected
    if per_class == 0 or missing % per_class or missing == 0:
        return None
    classes = heads[0].classes + missing // per_class
    return classes if classes > 0 else None


def _floats_per_class(network: Network, head: Head) -> int:
    """The number of floats that one more class adds to the layer before `head`."""
    source = head.sources[0]
    slots = network.layers[source].weight_slots() if source >= 0 else []
    per_filter = sum(slot.tensor.numel() // slot.tensor.shape[0] for slot in slots)
    return head.boxes_per_position * per_filter
