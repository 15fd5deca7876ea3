"""State_dicts in files, .pt and .safetensors, with what else belongs to a model.

A .pt file is a plain state_dict: ``network.load_state_dict(torch.load(path))`` takes it.
The model's metadata lies beside PyTorch's own in the dictionary's ``_metadata``, which
survives ``weights_only=True``; in a .safetensors file it is an entry of the header.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from darknet_torch.conversion.model import Model
from darknet_torch.errors import WeightsError
from darknet_torch.export.exporters import METADATA_KEY
from darknet_torch.extras import import_extra

# What the numbers of NumPy among a checkpoint's training results unpickle with.
_HARMLESS: list[Any] = [np.dtype, type(np.dtype("f8")), type(np.dtype("i8")), type(np.dtype("f4"))]
_HARMLESS += [np.float64(0).__reduce__()[0], np.zeros(1).__reduce__()[0], np.ndarray]


def write_pt(model: Model, file: BinaryIO) -> None:
    """Write a .pt file."""
    own: Any = model.network.state_dict()
    state: Any = OrderedDict((key, tensor.cpu()) for key, tensor in own.items())
    state._metadata = {**own._metadata, METADATA_KEY: model.metadata()}
    torch.save(state, file)


def read_pt(path: Path) -> tuple[Any, str | None]:
    """What a .pt file holds, and the metadata if this package wrote it.

    Raises:
        WeightsError: no file, none of PyTorch's, or it holds more than values.
    """
    with _reading(path), torch.serialization.safe_globals(_HARMLESS):
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    return loaded, getattr(loaded, "_metadata", {}).get(METADATA_KEY)


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
    """The tensors of a .safetensors file, and the metadata if this package wrote it.

    Raises:
        WeightsError: no file, or no safetensors file.
        UsageError: safetensors is not installed.
    """
    library = _safetensors()
    with _reading(path), library.safe_open(str(path), framework="pt") as file:
        names = list(file.keys())
        tensors = {name: file.get_tensor(name) for name in names}
        return tensors, (file.metadata() or {}).get(METADATA_KEY)


def load_state(model: Model, state: Mapping[str, Tensor], where: str) -> None:
    """Put a state_dict of `Network` into the model's.

    Raises:
        WeightsError: keys or shapes differ; the first of them are named.
    """
    own = model.network.state_dict()
    wrong = [_config_error(key, own, state) for key in sorted(own.keys() | state.keys())]
    wrong = [line for line in wrong if line]
    if wrong:
        raise WeightsError(
            f"the state_dict does not fit the cfg in {len(wrong)} arrays",
            where=where,
            got="; ".join(wrong[:3]),
            fix="give the --cfg that it belongs to",
        )
    model.network.load_state_dict(dict(state))


def _config_error(key: str, own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> str:
    if key not in own:
        return f"{key} is not in the cfg's network"
    if key not in state:
        return f"{key} is missing"
    mine, theirs = list(own[key].shape), list(state[key].shape)
    return "" if mine == theirs else f"{key} is {theirs}, the cfg says {mine}"


def _safetensors() -> Any:
    import_extra("safetensors.torch", extra="safetensors")
    return import_extra("safetensors", extra="safetensors")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise WeightsError("no such file", where=path) from None
    except pickle.UnpicklingError as error:
        reason = str(error).partition("WeightsUnpickler error: ")[2].strip().split("\n")[0]
        if reason.startswith("Unsupported operand"):
            raise WeightsError("cannot be read (it is no file of PyTorch's)", where=path) from None
        raise WeightsError(
            "holds more than values, and running what it holds could do harm",
            where=path,
            expected="a state_dict, or a checkpoint of values",
            got=reason or "another pickle",
            fix="where it was written, save model.state_dict() instead",
        ) from None
    except Exception as error:  # noqa: BLE001 - a broken file makes its reader raise anything
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise WeightsError(f"cannot be read ({reason})", where=path) from None
