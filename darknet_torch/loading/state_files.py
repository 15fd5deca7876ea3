"""Files that hold a state_dict, .pt and .safetensors, with the metadata of the model.

A .pt file is a plain state_dict: ``network.load_state_dict(torch.load(path))`` accepts it.
The metadata is an entry of the dictionary's ``_metadata``, where PyTorch keeps the versions of
modules and which ``weights_only=True`` preserves. In a .safetensors file it is an entry of the
header.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from darknet_torch.checkpoints.state_reader import format_key
from darknet_torch.checkpoints.torch_files import read_torch_file
from darknet_torch.errors import WeightsError
from darknet_torch.extras import import_extra
from darknet_torch.loading.model import METADATA_KEY, Model
from darknet_torch.model.network import Network
from darknet_torch.reading import guarded
from darknet_torch.text import open_to_read

_LAYER = re.compile(r"layers\.(\d+)\.")


def write_pt(model: Model, file: BinaryIO) -> None:
    """Write a .pt file."""
    own: Any = model.network.state_dict()
    state: Any = OrderedDict((key, tensor.cpu()) for key, tensor in own.items())
    state._metadata = {**own._metadata, METADATA_KEY: model.metadata()}
    torch.save(state, file)


def read_pt(path: Path) -> tuple[Any, str | None]:
    """Read a .pt file.

    Returns:
        What it contains, and the metadata; None for it unless this package wrote the file.

    Raises:
        WeightsError: there is no file, it is not a PyTorch file, or it contains more than
            tensors and plain values.
    """
    loaded = read_torch_file(path)
    modules = getattr(loaded, "_metadata", None) if isinstance(loaded, Mapping) else None
    metadata = modules.get(METADATA_KEY) if isinstance(modules, Mapping) else None
    return loaded, metadata if isinstance(metadata, str) else None


def write_safetensors(model: Model, file: BinaryIO) -> None:
    """Write a .safetensors file.

    Raises:
        UsageError: safetensors is not installed.
    """
    tensors = {
        key: tensor.cpu().contiguous() for key, tensor in model.network.state_dict().items()
    }
    header = {"format": "pt", METADATA_KEY: model.metadata()}
    file.write(_safetensors().torch.save(tensors, header))


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], str | None]:
    """Read a .safetensors file.

    Returns:
        Its tensors by name, and the metadata; None for it unless this package wrote the file.

    Raises:
        WeightsError: there is no file, or it is not a safetensors file.
        UsageError: safetensors is not installed.
    """
    library = _safetensors()
    fix = "fetch it again, in binary mode"
    with guarded(path, expected="a safetensors file", fix=fix, error=WeightsError):
        try:
            open_to_read(path).close()  # the library would wait for a pipe
        except FileNotFoundError:
            raise WeightsError("no such file", where=path) from None
        with library.safe_open(str(path), framework="pt") as file:
            names = list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
            return tensors, (file.metadata() or {}).get(METADATA_KEY)


class StateMismatchError(WeightsError):
    """A state_dict whose keys or shapes are not those of the network."""


def load_state(
    network: Network, state: Mapping[str, Tensor], where: str, *, cutoff: int | None = None
) -> None:
    """Load a state_dict of `Network` into a network.

    Args:
        network: is changed in place, but not on an error.
        state: key -> array.
        where: the file, for messages.
        cutoff: load only that many layers, counted from the first, and ignore the others.

    Raises:
        StateMismatchError: keys or shapes differ; the first three are named.
    """
    own, wanted = _first_layers(network.state_dict(), cutoff), _first_layers(state, cutoff)
    mismatches = [
        _mismatch(key, own, wanted) for key in sorted(own.keys() | wanted.keys(), key=str)
    ]
    mismatches = [line for line in mismatches if line]
    if mismatches:
        raise StateMismatchError(
            f"{len(mismatches)} arrays of the state_dict do not fit the cfg",
            where=where,
            got="; ".join(mismatches[:3]),
            fix="give the --cfg that it belongs to",
        )
    network.load_state_dict(wanted, strict=cutoff is None)


def _first_layers(state: Mapping[str, Any], cutoff: int | None) -> dict[str, Any]:
    """The entries of a state_dict of `Network` that belong to the first layers."""
    if cutoff is None:
        return dict(state)
    found = {}
    for key, value in state.items():
        layer = _LAYER.match(str(key))
        if layer is None or int(layer[1]) < cutoff:
            found[key] = value
    return found


def _mismatch(key: str, expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> str:
    """Describe why the array of that key does not fit; "" if it fits."""
    if key not in expected:
        return f"{format_key(key)} is not in the cfg's network"
    if key not in state:
        return f"{format_key(key)} is missing"
    if not isinstance(state[key], Tensor):
        return f"{format_key(key)} is not an array"
    shape, found = list(expected[key].shape), list(state[key].shape)
    return "" if found == shape else f"{format_key(key)} is {found}, the cfg says {shape}"


def _safetensors() -> Any:
    import_extra("safetensors.torch", extra="safetensors")
    return import_extra("safetensors", extra="safetensors")
