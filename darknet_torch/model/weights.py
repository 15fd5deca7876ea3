"""Reading and writing Darknet's weight files, in one loop over the layers' slots."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.errors import WeightsError, warn
from darknet_torch.files import atomic_write
from darknet_torch.layers.base import Layer, Slot
from darknet_torch.model.network import Network, WeightsHeader
from darknet_torch.model.weights_diagnosis import (
    SizeMismatchError,
    check_is_weights,
    check_line_ends,
)

_LOAD_ANYWAY = "; to load it anyway: --allow-leftover, or strict=False"
_VERSION = struct.Struct("<3i")
_WIDE, _NARROW = struct.Struct("<Q"), struct.Struct("<I")  # seen


class UnreadableWeightsError(WeightsError):
    """A weight file that the system does not let read, or not to its end.

    Nothing follows from it about whether the file fits a network.
    """


@dataclass(frozen=True)
class LoadReport:
    """The result of reading a weight file.

    Attributes:
        path: the file's path.
        header: the file's header.
        layers: number of the network's layers, from the first, that the file covers.
        total: number of layers of the network.
        floats: number of values that were read.
        leftover: number of bytes after the last value that was read.
        missing: indices of the layers with arrays that the file does not contain.
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
    """Read a weight file into `network`; layers that the file does not cover stay unchanged.

    Args:
        network: the network, changed in place; its `header` becomes the file's.
        path: the file's path. A file that ends between two layers is a partial file, and legal.
        cutoff: read only this many layers and ignore the rest of the file.
        strict: bytes left over after the last layer are an error, else a warning.

    Raises:
        WeightsError: the file does not exist, is not a weight file, ends inside a layer, or is
            too long; the network is then unchanged. Or it becomes shorter, or a disk fails, while
            its arrays are read; some of them are then read.

    Warns:
        CfgWarning: bytes are left over.

    Source: parser.c load_weights_upto (both code bases).
    """
    data = map_file(Path(path))
    header, start = _find_values(network, path, data)
    plan = _ReadPlan(network, path, header, data, start, cutoff)
    leftover = plan.leftover if cutoff is None else 0
    if leftover and strict:
        raise plan.too_long_error()
    if leftover:
        plan.warn_of_leftover()
    del data  # what was mapped would count as memory, as the arrays do
    with torch.no_grad(), _open_values(Path(path)) as file:
        for slot, first, count in plan.reads:
            file.seek(first)
            _read_slot(file, slot, count, header)
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


def check_length(network: Network, path: str | Path, *, strict: bool = True) -> int:
    """Check that the length of a weight file fits a network, whose arrays may be on any device.

    Args:
        network: is not changed.
        path: the file's path.
        strict: bytes left over after the last layer are an error.

    Returns:
        How many of the network's layers, counted from the first, the file covers.

    Raises:
        WeightsError: as `read_weights`.
    """
    data = map_file(Path(path))
    header, start = _find_values(network, path, data)
    plan = _ReadPlan(network, path, header, data, start, None)
    if plan.leftover and strict:
        raise plan.too_long_error()
    return plan.layers


def write_weights(network: Network, path: str | Path, *, cutoff: int | None = None) -> None:
    """Write a network as a weight file.

    The header is `network.header`, so that a file that was read is written back byte for byte.

    Args:
        network: the network, whose arrays may be on any device.
        path: the file's path.
        cutoff: write only this many layers, counted from the first; all by default. The file
            is then a partial one.

    Raises:
        WeightsError: the file cannot be written; an older file is then untouched.

    Source: parser.c save_weights_upto (both code bases).
    """
    with open_for_writing(Path(path)) as file:
        write_values(network, file, cutoff=cutoff)


@contextmanager
def open_for_writing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears at `path` if the block ends without an error.

    Raises:
        WeightsError: the file cannot be written; an older file is then untouched.
    """
    try:
        with atomic_write(path, durable=True) as file:
            yield file
    except OSError as error:
        raise WeightsError(f"cannot be written ({error.strerror or error})", where=path) from None


class Writable(Protocol):
    """An object to which bytes can be written, as to a file."""

    def write(self, data: bytes, /) -> object:
        """Append `data`."""


def write_values(network: Network, file: Writable, *, cutoff: int | None = None) -> None:
    """Write what `write_weights` writes to an open file or another object.

    Args:
        network: the network.
        file: gets the header and then the float32 arrays, layer after layer.
        cutoff: as in `write_weights`.
    """
    file.write(pack_header(network.header, network.dialect))
    for slot in network.saved_slots(cutoff):
        file.write(_encode_slot(slot, network.header))


def read_header(data: np.ndarray, dialect: Dialect, path: str) -> tuple[WeightsHeader, int]:
    """Read the header of a weight file.

    Args:
        data: the file's bytes, [bytes] uint8.
        dialect: the code base to follow.
        path: the file's path, for messages.

    Returns:
        The header, and the offset at which the values begin.

    Raises:
        WeightsError: the file is of another format, or ends inside its header.

    Source: parser.c load_weights_upto (both code bases).
    """
    check_is_weights(data, path)
    major, minor, revision = _VERSION.unpack(data[: _VERSION.size].tobytes())
    seen_format = _seen_format(major, minor, dialect)
    end = _VERSION.size + seen_format.size
    if len(data) < end:
        raise WeightsError(
            "ends inside its header",
            where=path,
            expected=f"{end} bytes of header, then the values",
            got=f"{len(data)} bytes",
            fix="download it again",
        )
    (seen,) = seen_format.unpack(data[_VERSION.size : end].tobytes())
    return WeightsHeader(major, minor, revision, seen), end


def pack_header(header: WeightsHeader, dialect: Dialect) -> bytes:
    """Encode `header`.

    Raises:
        WeightsError: its `seen` does not fit the 32 bits of its version.
    """
    version = _VERSION.pack(header.major, header.minor, header.revision)
    try:
        return version + _seen_format(header.major, header.minor, dialect).pack(header.seen)
    except struct.error:
        raise WeightsError(
            f"seen={header.seen} does not fit a file of version {header.major}.{header.minor}",
            expected="0.2 or later",
        ) from None


def _find_values(
    network: Network, path: str | Path, data: np.ndarray
) -> tuple[WeightsHeader, int]:
    """The header of a weight file, and where its values begin, as its length shows.

    Raises:
        WeightsError: as `read_header`, or the file was transferred as text.

    Source: parser.c save_weights_upto (pjreddie), where `seen` is a size_t.
    Differs: a file of a 32-bit system is read on every system.
    """

    def fits(data: np.ndarray) -> bool:
        header, start = read_header(data, network.dialect, str(path))
        return _plan_whole(network, path, header, data, start) is not None

    header, start = read_header(data, network.dialect, str(path))
    if _plan_whole(network, path, header, data, start) is not None:
        return header, start
    narrow = _VERSION.size + _NARROW.size
    plan = _plan_whole(network, path, header, data, narrow)  # None again if start is narrow
    if plan is not None and _starts_early(plan, data):
        warn(
            "its header has a 32-bit seen, as a 32-bit system writes it; read as such",
            where=path,
            expected=f"{start} bytes of header in version {header.major}.{header.minor}",
            got=f"{narrow}, by the length of the file",
            fix="to get a 64-bit one, write it again: dtorch convert",
        )
        return replace(header, seen=header.seen % 2**32), narrow
    missing = start + 4 * sum(slot.tensor.numel() for _, slot in network.slots()) - len(data)
    check_line_ends(data, path, missing, fits)
    return header, start


def _plan_whole(
    network: Network, path: str | Path, header: WeightsHeader, data: np.ndarray, start: int
) -> _ReadPlan | None:
    """The plan to read the file, if its last byte ends a layer; otherwise None."""
    try:
        plan = _ReadPlan(network, path, header, data, start, None)
    except WeightsError:
        return None
    return None if plan.leftover else plan


def _starts_early(plan: _ReadPlan, data: np.ndarray) -> bool:
    """Whether the values begin where `plan` says, and not one number later.

    A 64-bit `seen` ends with four zeros, as does a 32-bit one if the first value is 0. Then the
    variances decide, none of which is negative: a file may as well lack its last number.
    """
    if data[plan.start : plan.start + 4].any():
        return True
    negative = [0, 0]
    for slot, first, count in plan.reads:
        if slot.name.endswith("rolling_variance"):
            for shift in (0, 1):
                begin = first + 4 * shift
                values = data[begin : min(begin + 4 * count, len(data))].view("<f4")
                negative[shift] += int((values < 0).sum())
    return negative[0] == 0 < negative[1]


def _seen_format(major: int, minor: int, dialect: Dialect) -> struct.Struct:
    """The format of `seen`: 64 bits since version 0.2, 32 before."""
    wide = major * 10 + minor >= 2
    if not dialect.weight_file.wide_seen_in_transposed:
        wide = wide and major < 1000 and minor < 1000
    return _WIDE if wide else _NARROW


class _ReadPlan:
    """The bytes of a file that each slot gets, computed before anything is changed.

    Attributes:
        reads: slot, offset of its first byte, and number of its floats.
        missing: indices of the layers with arrays that the file does not contain.
        last: name of the last layer with arrays in the file, empty if there is none.
        layers: number of layers, from the first, that the file covers.
        position: offset of the first byte after the arrays.
        end: length of the file.
    """

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
                self._add_reads(layer, slots)
                self.layers = index + 1

    @property
    def leftover(self) -> int:
        return self.end - self.position

    def _add_reads(self, layer: Layer, slots: list[Slot]) -> None:
        """Plan to read the arrays of one layer.

        Raises:
            WeightsError: the file ends inside one of them.
        """
        for slot in slots:
            if slot.normalization and layer.options.dontloadscales:
                continue
            count = _count_floats(slot, layer)
            if self.position + 4 * count > self.end:
                raise self._too_short_error(layer, slot, count)
            self.reads.append((slot, self.position, count))
            self.position += 4 * count
            self.last = _describe_layer(layer)

    def _too_short_error(self, layer: Layer, slot: Slot, count: int) -> SizeMismatchError:
        left = self.end - self.position
        return SizeMismatchError(
            f"ends inside {_describe_layer(layer)} ({layer.options.where}), in its {slot.name}",
            where=self.path,
            expected=f"{count} floats",
            got=f"{left // 4} floats" + (f" and {left % 4} bytes" if left % 4 else ""),
            **self._sizes(),
        )

    def too_long_error(self) -> SizeMismatchError:
        """The error for bytes after the last array."""
        return SizeMismatchError(
            f"has {self.leftover} bytes left over after the last layer",
            where=self.path,
            expected=f"{self.position} bytes",
            got=f"{self.end} bytes",
            remark="" if self.leftover % 4 else _LOAD_ANYWAY,
            **self._sizes(),
        )

    def warn_of_leftover(self) -> None:
        """Warn of bytes after the last array, of a file that is to be read all the same."""
        warn(
            f"has {self.leftover} bytes left over after the last layer; it is probably of another "
            "cfg, and then its outputs mean nothing",
            where=self.path,
            expected=f"{self.position} bytes",
            got=f"{self.end} bytes",
            fix="check that the weights belong to this cfg",
        )

    def _sizes(self) -> dict[str, Any]:
        return {"network": self.network, "file_bytes": self.end - self.start}


def _describe_layer(layer: Layer) -> str:
    return f"layer {layer.index} [{layer.section}]"


def _count_floats(slot: Slot, layer: Layer) -> int:
    """The number of floats that the file contains for `slot`.

    Source: parser.c load_convolutional_weights, its numload (pjreddie).
    """
    count = slot.tensor.numel()
    if not slot.per_filter or not layer.options.numload:
        return count
    filters = slot.tensor.shape[0]
    return count // filters * min(filters, layer.options.numload)


@contextmanager
def _open_values(path: Path) -> Iterator[FileIO]:
    """Open a weight file whose length was checked, to read its arrays.

    Raises:
        WeightsError: it cannot be read, or has become shorter meanwhile.
    """
    try:
        with path.open("rb", buffering=0) as file:
            yield file
    except OSError as error:
        raise UnreadableWeightsError(f"cannot be read ({error.strerror})", where=path) from None
    except EOFError:
        raise UnreadableWeightsError(
            "became shorter while it was read",
            where=path,
            fix="read it when the program that writes it has ended",
        ) from None


def _read_slot(file: FileIO, slot: Slot, count: int, header: WeightsHeader) -> None:
    """Read the next `count` floats of a file, straight into the array if they lie in its order.

    Raises:
        OSError: they cannot be read.
        EOFError: the file ends before.
    """
    rows = slot.tensor[: count // slot.tensor[0].numel()]
    transposed = slot.flipped or (slot.transposed_if_marked and header.transposed)
    if not transposed and _is_laid_out_as_file(rows):
        _read_into(file, rows.detach().numpy())
        torch.autograd.graph.increment_version(slot.tensor)  # as `copy_`; numpy does not
        return
    values = np.empty(count, "<f4")
    _read_into(file, values)
    read = torch.from_numpy(values.astype(np.float32, copy=False))
    if transposed:
        read = read.view(-1, len(rows)).t()
    rows.copy_(read.reshape(rows.shape))


def _is_laid_out_as_file(values: Tensor) -> bool:
    """Whether the bytes of an array in memory are those that a weight file has for it."""
    on_cpu = values.device.type == "cpu" and values.dtype == torch.float32
    return on_cpu and values.is_contiguous() and sys.byteorder == "little"


def _read_into(file: FileIO, values: np.ndarray) -> None:
    """Fill a contiguous array with the next bytes of a file, which one call may give in parts."""
    left = values.reshape(-1).view(np.uint8).data
    while left:
        count = file.readinto(left)
        if not count:
            raise EOFError
        left = left[count:]


def _encode_slot(slot: Slot, header: WeightsHeader) -> bytes:
    values = slot.tensor.detach().cpu().float()
    if slot.flipped or (slot.transposed_if_marked and header.transposed):
        values = values.reshape(values.shape[0], -1).t()
    return values.contiguous().numpy().astype("<f4", copy=False).tobytes()


def map_file(path: Path) -> np.ndarray:
    """Map a weight file into memory, [bytes] uint8; pages are read when they are needed.

    Raises:
        WeightsError: the file does not exist, is empty, is a folder, or cannot be read.
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
        raise UnreadableWeightsError("no such weight file", where=path) from None
    except OSError as error:
        raise UnreadableWeightsError(f"cannot be read ({error.strerror})", where=path) from None
    except ValueError as error:
        raise UnreadableWeightsError(f"cannot be read ({error})", where=path) from None
