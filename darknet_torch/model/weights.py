"""Darknet's weight files: read and written by one walk over the layers' slots."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.errors import WeightsError
from darknet_torch.files import replacing
from darknet_torch.layers.base import Layer, Slot
from darknet_torch.model.network import Network, WeightsHeader
from darknet_torch.model.weights_diagnosis import check_is_weights, likely_cause

_ALL_THE_SAME = "; to load it all the same: --allow-leftover, or strict=False"
_VERSION = struct.Struct("<3i")


@dataclass(frozen=True)
class LoadReport:
    """What a weight file gave.

    Attributes:
        path: the file.
        header: its header.
        layers: how many of the network's layers, from the first, the file covers.
        total: how many layers the network has.
        floats: how many values were read.
        leftover: bytes behind the last value read.
        missing: indices of the layers with arrays that the file did not give.
        last: name of the last layer with arrays in the file, empty if there is none.
    """

    path: str
    header: WeightsHeader
    layers: int
    total: int
    floats: int
    leftover: int
    missing: tuple[int, ...]
    last: str

    @property
    def complete(self) -> bool:
        """Whether every array of the network came from the file."""
        return not self.missing

    def __str__(self) -> str:
        text = f"{self.path}: {self.floats} values"
        if not self.complete:
            text += f", a partial file: up to {self.last or 'no layer'}"
            text += f" ({self.layers} of {self.total} layers)"
        if self.leftover:
            text += f", {self.leftover} bytes left over"
        return text


def read_weights(
    network: Network, path: str | Path, *, cutoff: int | None = None, strict: bool = True
) -> LoadReport:
    """Read a weight file into `network`; layers that it does not cover stay as they are.

    Args:
        network: the network, changed in place; its `header` becomes the file's.
        path: the file. One that ends between two layers is a partial file, and legal.
        cutoff: read this many layers only; what the file holds beyond is ignored.
        strict: bytes left over are an error.

    Raises:
        WeightsError: no file, not a weight file, ends inside a layer, or is too long.
            The network is then unchanged.

    Source: parser.c load_weights_upto (both code bases).
    """
    data = map_file(Path(path))
    header, start = read_header(data, network.dialect, str(path))
    plan = _Plan(network, path, header, data, start, cutoff)
    leftover = plan.leftover if cutoff is None else 0
    if leftover and strict:
        raise plan.too_long()
    with torch.no_grad():
        for slot, first, count in plan.reads:
            values = data[first : first + 4 * count].view("<f4")
            _fill(slot, torch.from_numpy(values), header)
    network.header = header
    return LoadReport(
        path=str(path),
        header=header,
        layers=plan.layers,
        total=len(network.layers),
        floats=sum(count for _, _, count in plan.reads),
        leftover=plan.leftover,
        missing=tuple(plan.missing),
        last=plan.last,
    )


def write_weights(network: Network, path: str | Path, *, cutoff: int | None = None) -> None:
    """Write the first `cutoff` layers of `network`, all by default, as a weight file.

    The header is `network.header`, so that what was read is written back byte for byte.

    Raises:
        WeightsError: the file cannot be written; an older one is then untouched.

    Source: parser.c save_weights_upto (both code bases).
    """
    with writing(Path(path)) as file:
        write_values(network, file, cutoff=cutoff)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that appears at `path` when the block ends well.

    Raises:
        WeightsError: it cannot be written; an older one is then untouched.
    """
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise WeightsError(f"cannot be written ({error.strerror or error})", where=path) from None


class Writable(Protocol):
    """Takes bytes one behind the other, as a file does."""

    def write(self, data: bytes, /) -> object:
        """Take `data`."""


def write_values(network: Network, file: Writable, *, cutoff: int | None = None) -> None:
    """`write_weights` to an open file."""
    file.write(pack_header(network.header, network.dialect))
    for slot in network.saved_slots(cutoff):
        file.write(_bytes(slot, network.header))


def read_header(data: np.ndarray, dialect: Dialect, path: str) -> tuple[WeightsHeader, int]:
    """The header at the start of a file's bytes, and where the values begin.

    Source: parser.c load_weights_upto (both code bases).
    """
    check_is_weights(data, path)
    major, minor, revision = _VERSION.unpack(data[: _VERSION.size].tobytes())
    seen = _seen(major, minor, dialect)
    end = _VERSION.size + seen.size
    if len(data) < end:
        raise WeightsError(
            "ends inside its header",
            where=path,
            expected=f"{end} bytes of header, then the values",
            got=f"{len(data)} bytes",
            fix="download it again",
        )
    (count,) = seen.unpack(data[_VERSION.size : end].tobytes())
    return WeightsHeader(major, minor, revision, count), end


def pack_header(header: WeightsHeader, dialect: Dialect) -> bytes:
    """The bytes of `header`.

    Raises:
        WeightsError: its `seen` does not fit the 32 bits of its version.
    """
    version = _VERSION.pack(header.major, header.minor, header.revision)
    try:
        return version + _seen(header.major, header.minor, dialect).pack(header.seen)
    except struct.error:
        raise WeightsError(
            f"seen={header.seen} does not fit a file of version {header.major}.{header.minor}",
            expected="0.2 or later",
        ) from None


def _seen(major: int, minor: int, dialect: Dialect) -> struct.Struct:
    """How `seen` is stored: 64 bits since version 0.2, 32 before."""
    wide = major * 10 + minor >= 2
    if not dialect.weight_file.wide_seen_in_transposed:
        wide = wide and major < 1000 and minor < 1000
    return struct.Struct("<Q" if wide else "<I")


class _Plan:
    """Which bytes of a file go to which slot, worked out before anything is changed."""

    def __init__(
        self,
        network: Network,
        path: str | Path,
        header: WeightsHeader,
        data: np.ndarray,
        start: int,
        cutoff: int | None,
    ) -> None:
        self.network, self.path, self.header = network, path, header
        self.end, self.position = len(data), start
        self.start = start
        self.reads: list[tuple[Slot, int, int]] = []
        self.missing: list[int] = []
        self.last = ""
        self.layers = 0
        limit = len(network.layers) if cutoff is None else cutoff
        ended = False
        for index, layer in enumerate(network.layers):
            slots = layer.weight_slots()
            if index >= limit or ended or layer.options.dontload:
                self.missing += [index] if slots else []
                continue
            ended = bool(slots) and self.position == self.end
            if ended:
                self.missing.append(index)
            else:
                self._place(layer, slots)
                self.layers = index + 1

    @property
    def leftover(self) -> int:
        return self.end - self.position

    def _place(self, layer: Layer, slots: list[Slot]) -> None:
        for slot in slots:
            if slot.normalization and layer.options.dontloadscales:
                continue
            count = _count(slot, layer)
            if self.position + 4 * count > self.end:
                raise self._too_short(layer, slot, count)
            self.reads.append((slot, self.position, count))
            self.position += 4 * count
            self.last = _name(layer)

    def _too_short(self, layer: Layer, slot: Slot, count: int) -> WeightsError:
        left = self.end - self.position
        return WeightsError(
            f"ends inside {_name(layer)} ({layer.options.where}), in its {slot.name}",
            where=self.path,
            expected=f"{count} floats",
            got=f"{left // 4} floats" + (f" and {left % 4} bytes" if left % 4 else ""),
            fix=self._cause(),
        )

    def too_long(self) -> WeightsError:
        """The error for bytes behind the last array."""
        return WeightsError(
            f"has {self.leftover} bytes left over after the last layer",
            where=self.path,
            expected=f"{self.position} bytes",
            got=f"{self.end} bytes",
            fix=f"{self._cause()}{'' if self.leftover % 4 else _ALL_THE_SAME}",
        )

    def _cause(self) -> str:
        return likely_cause(self.network, self.end - self.start)


def _name(layer: Layer) -> str:
    return f"layer {layer.index} [{layer.section}]"


def _count(slot: Slot, layer: Layer) -> int:
    """How many floats the file has for `slot`.

    Source: parser.c load_convolutional_weights, its numload (pjreddie).
    """
    count = slot.tensor.numel()
    if not slot.per_filter or not layer.options.numload:
        return count
    filters = slot.tensor.shape[0]
    return count // filters * min(filters, layer.options.numload)


def _fill(slot: Slot, values: Tensor, header: WeightsHeader) -> None:
    rows = values.numel() // slot.tensor[0].numel()
    if slot.flipped or (slot.transposed_if_marked and header.transposed):
        values = values.view(-1, rows).t()
    slot.tensor[:rows].copy_(values.reshape(slot.tensor[:rows].shape))


def _bytes(slot: Slot, header: WeightsHeader) -> bytes:
    values = slot.tensor.detach().cpu().float()
    if slot.flipped or (slot.transposed_if_marked and header.transposed):
        values = values.reshape(values.shape[0], -1).t()
    return values.contiguous().numpy().astype("<f4", copy=False).tobytes()


def map_file(path: Path) -> np.ndarray:
    """A weight file's bytes, [bytes] uint8, read as they are needed.

    Raises:
        WeightsError: it is not there, empty, a folder, or cannot be read.
    """
    try:
        if path.is_dir():
            raise WeightsError("is a folder", where=path, expected="a weight file")
        if path.stat().st_size == 0:
            raise WeightsError(
                "is empty", where=path, expected="a weight file", fix="download it again"
            )
        return np.memmap(path, dtype=np.uint8, mode="c")
    except FileNotFoundError:
        raise WeightsError("no such weight file", where=path) from None
    except OSError as error:
        raise WeightsError(f"cannot be read ({error.strerror})", where=path) from None
    except ValueError as error:
        raise WeightsError(f"cannot be read ({error})", where=path) from None
