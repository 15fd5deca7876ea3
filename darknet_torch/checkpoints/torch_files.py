"""Files that `torch.save` wrote, read without running any code that they contain."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from darknet_torch.errors import WeightsError

# What unpickling needs for NumPy numbers, which many checkpoints have among their results.
_NUMPY_GLOBALS: list[Any] = [
    *(np.dtype, type(np.dtype("f8")), type(np.dtype("i8")), type(np.dtype("f4"))),
    *(np.float64(0).__reduce__()[0], np.zeros(1).__reduce__()[0], np.ndarray),
]


def read_torch_file(path: Path) -> Any:
    """Read a file that `torch.save` wrote.

    Args:
        path: the file.

    Returns:
        The object that was saved, made of tensors (on the CPU) and plain values.

    Raises:
        WeightsError: there is no file, it is not a PyTorch file, it is damaged, or it contains
            more than tensors and plain values.
    """
    try:
        with torch.serialization.safe_globals(_NUMPY_GLOBALS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError("no such file", where=path) from None
    except pickle.UnpicklingError as error:
        raise _unpickling_error(path, error) from None
    except Exception as error:  # noqa: BLE001 - a broken file can raise anything
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise WeightsError(f"cannot be read ({reason})", where=path) from None


def _unpickling_error(path: Path, error: pickle.UnpicklingError) -> WeightsError:
    """The error for what `torch.load` refused."""
    reason = str(error).partition("WeightsUnpickler error: ")[2].strip().split("\n")[0]
    if reason.startswith("Unsupported operand"):
        return WeightsError("cannot be read (it is not a PyTorch file)", where=path)
    return WeightsError(
        "contains more than tensors and plain values, and could run harmful code",
        where=path,
        expected="a state_dict, or a checkpoint of tensors and plain values",
        got=reason or "another pickle",
        fix="save model.state_dict() instead, in the program that wrote it",
    )
