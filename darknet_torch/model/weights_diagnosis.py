"""The likely cause when a weight file does not fit its network."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.errors import WeightsError
from darknet_torch.heads.base import Head
from darknet_torch.model.network import Network

_CONVERT = "turn it into one first: dtorch convert --cfg x.cfg FILE x.weights"
_ITS_SOURCE = "give the .weights, .pt or .safetensors file that it was made from"
_SWAP_PICTURE = "swap the picture and the weights"
# What a file starts with, what it then is, and what to do. Weight files start with small numbers.
_OTHER_FORMATS = (
    (rb"<\?xml", "an XML file (OpenVINO's, perhaps)", _ITS_SOURCE),
    (rb"<", "a web page, not a weight file", "the download went wrong: fetch the file itself"),
    (rb"PK\x03\x04", "a zip archive (PyTorch's own format is one)", _CONVERT),
    (rb"\x80[\x02-\x05]", "a pickle (PyTorch's own format before 1.6)", _CONVERT),
    (rb"(?s).{8}\{[\s\"]", "a safetensors file", _CONVERT),
    (rb"\x08[\x01-\x1f][\x12\x1a\x22\x3a\x42]", "an ONNX graph", _ITS_SOURCE),
    (rb"\x89HDF", "an HDF5 file (Keras writes it as .h5)", _ITS_SOURCE),
    (rb"(?s).{4}TFL3", "a TensorFlow Lite graph", _ITS_SOURCE),
    (rb"\x93NUMPY", "a NumPy array", "give a Darknet .weights file"),
    (rb"\x1f\x8b", "compressed by gzip", "decompress it first"),
    (rb"BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd", "compressed", "decompress it first"),
    (rb"version https://git-lfs", "a Git LFS pointer, not the file", "run git lfs pull"),
    (rb"\x89PNG|\xff\xd8\xff", "a picture", _SWAP_PICTURE),
    (rb"\[net", "a cfg, not a weight file", "swap the cfg and the weights"),
    (
        rb"(?:\xff\xfe|\xfe\xff|[\t\n\r\x20-\x7e\x80-\xff]+\Z)",
        "text, not a weight file",
        "give the .weights file here; if this is what was downloaded, fetch it again",
    ),
)
_MIN_BYTES = 16
_TEXT_MODE = (
    "fetch it again in binary mode (FTP: binary; git: a line '*.weights binary' in "
    ".gitattributes), or copy the original"
)
_SEARCHED = 2**24  # bytes of a file that are searched for signs of a conversion
_CERTAIN = 8  # line feeds, each after a carriage return: by chance once in 256 ** 8 files
_MIN_FOR_PAIRS = 2**19  # bytes among which several pairs CR LF are expected
_BYTES_PER_PAIR = 2**17  # in float32 numbers: half of what random bytes have


class SizeMismatchError(WeightsError):
    """A weight file whose length does not fit the network.

    Args:
        what: what is wrong, in one line.
        network: the network to be filled.
        file_bytes: bytes of values in the file.
        remark: added to the probable mistake, which is what `fix` says.
        parts: where, expected and got.

    Attributes:
        cause: the probable mistake, and how to correct it.
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
    begin = data[:512].tobytes()
    start = begin.removeprefix(codecs.BOM_UTF8).lstrip()
    if re.search(rb"^\s*\[net", start, re.MULTILINE):
        start = start[start.index(b"[net") :]
    for mark, what, fix in _OTHER_FORMATS:
        if re.match(mark, start) or re.match(mark, begin):
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


def check_line_ends(
    data: np.ndarray, path: str | Path, missing: int, fits: Callable[[np.ndarray], bool]
) -> None:
    """Check that a transfer in text mode did not convert the line ends of a file.

    Args:
        data: the bytes of a file that does not fit its network, [bytes] uint8.
        path: the file's path, for messages.
        missing: how many bytes it is shorter than the network's whole file.
        fits: whether other bytes would fit the network.

    Raises:
        WeightsError: every LF became CR LF, or every CR LF became LF.
    """
    searched = data[:_SEARCHED]
    feeds = np.flatnonzero(searched == ord("\n"))
    pairs = feeds[(feeds > 0) & (searched[feeds - 1] == ord("\r"))]
    all_pairs = 0 < len(feeds) == len(pairs)
    if all_pairs and (len(pairs) >= _CERTAIN or fits(np.delete(data, pairs - 1))):
        raise _line_ends_error(
            path, "every LF became CR LF", f"{len(pairs)} LF bytes, all of them after a CR byte"
        )
    expected = len(data) // _BYTES_PER_PAIR
    if len(data) >= _MIN_FOR_PAIRS and not len(pairs) and 0 < missing <= 8 * expected:
        raise _line_ends_error(
            path,
            "every CR LF became LF",
            f"{missing} bytes too few, and no CR byte before any of {len(feeds)} LF bytes",
        )


def _line_ends_error(path: str | Path, what: str, got: str) -> WeightsError:
    return WeightsError(
        f"was transferred as text: {what}",
        where=path,
        expected="the bytes that Darknet wrote",
        got=got,
        fix=_TEXT_MODE,
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
        return (
            "its length is not a whole number of floats: the download broke off, or was made in "
            "text mode; fetch it again, in binary mode"
        )
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
