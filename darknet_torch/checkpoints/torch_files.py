"""Files that `torch.save` wrote, read without running any code that they contain."""

from __future__ import annotations

import argparse
import pickle
import re
import types
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from darknet_torch.checkpoints.harmless_globals import HARMLESS_GLOBALS
from darknet_torch.checkpoints.pickle_copies import bytes_made
from darknet_torch.errors import WeightsError
from darknet_torch.reading import guarded
from darknet_torch.text import open_to_read

_EXPECTED, _FETCH = "a file that torch.save wrote", "fetch it again, in binary mode"
_MOST_EXPANSION = 20  # bytes in memory for each byte of the file: one array may have many views
_NO_LIMIT_BELOW = 2**20
_PICKLE = "data.pkl"
_REFUSED_NAME = re.compile(r"(?i)unsupported (?:global: )?GLOBAL (\S+)")
_EXPORT = (
    "import torch; c = torch.load({path!r}, map_location='cpu', weights_only=False); "
    "g = c.get if isinstance(c, dict) else dict().get; "
    "m = g('ema') or g('model') or g('state_dict') or c; "
    "s = m.float().state_dict() if hasattr(m, 'state_dict') else m; "
    "torch.save({{k: v for k, v in s.items() if torch.is_tensor(v)}}, {target!r})"
)


def read_torch_file(path: Path) -> Any:
    """Read a file that `torch.save` wrote, in today's format or the one before PyTorch 1.6.

    Args:
        path: the file.

    Returns:
        The object that was saved, made of tensors (on the CPU) and plain values. Where a value
        could do more than hold data, a plainer one stands for it: a pure path for a path, a
        dict for a defaultdict, a list for a deque.

    Raises:
        WeightsError: there is no file, it is not a PyTorch file, it is damaged, it contains
            more than tensors and plain values, or it would take far more memory than it has
            bytes.
    """
    with guarded(path, expected=_EXPECTED, fix=_FETCH, error=WeightsError):
        if path.is_dir():
            raise WeightsError("is a folder", where=path, expected=_EXPECTED, fix="give that file")
        try:
            return _load(path)
        except FileNotFoundError:
            raise WeightsError("no such file", where=path) from None
        except pickle.UnpicklingError as error:
            raise _unpickling_error(path, str(error)) from error


def _load(path: Path) -> Any:
    """Load a file and check what it contains; a broken one can raise anything."""
    most_bytes = path.stat().st_size * _MOST_EXPANSION + _NO_LIMIT_BELOW
    _check_archive(path, most_bytes)
    with (
        warnings.catch_warnings(),
        torch.serialization.safe_globals(list(HARMLESS_GLOBALS)),
    ):
        warnings.simplefilter("ignore")
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    _check_values(path, loaded, most_bytes)
    return loaded


def _check_archive(path: Path, most_bytes: int) -> None:
    """Check the archive that today's format is: its checksums, and how much it unpacks to.

    Of both formats the pickle is checked, too.

    PyTorch itself does not compare checksums.
    """
    with open_to_read(path) as file:
        if file.read(4) != b"PK\x03\x04":
            file.seek(0)
            _check_pickle(path, file, most_bytes)
            return
    with zipfile.ZipFile(path) as archive:
        if any(name.endswith("constants.pkl") for name in archive.namelist()):
            raise WeightsError(
                "is a TorchScript program, whose arrays belong to its code",
                where=path,
                expected="a state_dict, or a checkpoint of tensors and plain values",
                fix="save the state_dict: torch.save(torch.jit.load(path).state_dict(), target)",
            )
        unpacked = sum(record.file_size for record in archive.infolist())
        if unpacked > most_bytes:
            raise _too_large_error(path, unpacked)
        damaged = archive.testzip()
        if damaged is not None:
            raise _damage_error(path, f"the checksum of its part {damaged} is wrong")
        for record in archive.infolist():
            if record.filename.endswith(_PICKLE):
                with archive.open(record) as content:
                    _check_pickle(path, content, most_bytes)


def _check_pickle(path: Path, content: IO[bytes], most_bytes: int) -> None:
    size = bytes_made(content)
    if size > most_bytes:
        raise _too_large_error(path, size)


def _check_values(path: Path, loaded: object, most_bytes: int) -> None:
    """Check that arrays are ordinary ones, and how much memory they would take as copies."""
    size = 0
    for value in _walk(loaded):
        if isinstance(value, Tensor):
            _check_tensor(path, value)
            size += value.numel() * value.element_size()
        elif isinstance(value, OrderedDict) and vars(value).keys() - {"_metadata"}:
            raise _damage_error(path, "a dictionary has attributes")
    if size > most_bytes:
        raise _too_large_error(path, size)


def _check_tensor(path: Path, tensor: Tensor) -> None:
    is_plain = not (tensor.is_quantized or tensor.is_complex())
    if is_plain and tensor.layout is torch.strided and tensor.device.type == "cpu":
        return
    raise WeightsError(
        "contains arrays of a kind that is not read",
        where=path,
        expected="dense arrays of plain numbers",
        got=f"{tensor.dtype}, {tensor.layout}, on {tensor.device}",
        fix="convert them in the program that wrote the file: tensor.dequantize() or .to_dense()",
    )


def _walk(loaded: object) -> Iterator[object]:
    """`loaded` and everything inside it, each object once."""
    stack, seen = [loaded], set()
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield value
        if isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, (list, tuple, set, frozenset)):
            stack.extend(value)
        elif isinstance(value, (argparse.Namespace, types.SimpleNamespace)):
            stack.append(vars(value))


def _unpickling_error(path: Path, message: str) -> WeightsError:
    """The error for what `torch.load` refused, from its message."""
    reason = message.partition("WeightsUnpickler error: ")[2].strip().split("\n")[0]
    found = _REFUSED_NAME.search(message)
    if reason.startswith("Unsupported operand"):
        return WeightsError(
            "cannot be read (it is not a PyTorch file, or one of another pickle protocol)",
            where=path,
            expected="a file that torch.save wrote with its own protocol, 2",
            fix="save the state_dict with torch.save(state, path), without pickle_protocol=",
        )
    if found is None:
        return _damage_error(path, reason or "not a PyTorch file")
    export = _EXPORT.format(path=str(path), target=str(path.with_name(f"{path.stem}-state.pt")))
    return WeightsError(
        "contains more than tensors and plain values, and could run harmful code",
        where=path,
        expected="a state_dict, or a checkpoint of tensors and plain values",
        got=found[1],
        fix="if you trust the file, save model.state_dict() instead, where the program that "
        f'wrote it is installed: python -c "{export}"',
    )


def _damage_error(path: Path, reason: str) -> WeightsError:
    return WeightsError("cannot be read", where=path, expected=_EXPECTED, got=reason, fix=_FETCH)


def _too_large_error(path: Path, size: int) -> WeightsError:
    return WeightsError(
        "would take far more memory than it has bytes",
        where=path,
        expected=f"at most {_MOST_EXPANSION} times its size",
        got=f"{size} bytes",
        fix="save clones of the arrays: {key: value.clone() for key, value in state.items()}",
    )
