"""What a pickle may name besides what PyTorch allows: values that run nothing and open nothing.

`torch.load` takes pairs of an object and the name in the pickle for which it stands. Where the
named object could do more than hold a value (open a file, or take much memory), a smaller one
stands for it.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import pathlib
import types
import uuid
from typing import Any

from darknet_torch.checkpoints.numpy_values import NUMPY_GLOBALS, TypeName


def _empty_bytes() -> bytes:
    return b""


def _as_list(items: Any = (), length: int | None = None) -> list[Any]:
    """The items of a deque; those of a long one follow and are appended."""
    return list(_plain(items))


def _as_frozenset(items: Any = ()) -> frozenset[Any]:
    return frozenset(_plain(items))


def _as_dict(factory: object = None) -> dict[Any, Any]:
    """The dict for a defaultdict; its entries follow."""
    return {}


def _plain(items: Any) -> Any:
    """Refuse whatever is not a list or a tuple, because it could go on for ever."""
    if type(items) not in (list, tuple):
        raise ValueError(f"items are a {type(items).__name__}, expected a list")
    return items


_PURE_PATHS = {
    "PosixPath": pathlib.PurePosixPath,
    "PurePosixPath": pathlib.PurePosixPath,
    "WindowsPath": pathlib.PureWindowsPath,
    "PureWindowsPath": pathlib.PureWindowsPath,
    "Path": pathlib.PurePath,
    "PurePath": pathlib.PurePath,
}
_PATH_MODULES = ("pathlib", "pathlib._local")  # the latter in Python 3.13
_TYPES_AS_VALUES = ("bool", "int", "float", "str", "list", "tuple", "dict", "object")

HARMLESS_GLOBALS: tuple[tuple[Any, str], ...] = (
    (argparse.Namespace, "argparse.Namespace"),
    (types.SimpleNamespace, "types.SimpleNamespace"),
    (datetime.datetime, "datetime.datetime"),
    (datetime.date, "datetime.date"),
    (datetime.time, "datetime.time"),
    (datetime.timedelta, "datetime.timedelta"),
    (datetime.timezone, "datetime.timezone"),
    (decimal.Decimal, "decimal.Decimal"),
    (uuid.UUID, "uuid.UUID"),
    (slice, "builtins.slice"),
    (slice, "builtins.range"),  # the same three numbers, which cannot be counted through
    (_empty_bytes, "builtins.bytes"),
    (_as_frozenset, "builtins.frozenset"),
    (_as_dict, "collections.defaultdict"),
    (_as_list, "collections.deque"),
    *((TypeName(), f"builtins.{name}") for name in _TYPES_AS_VALUES),
    *(
        (kind, f"{module}.{name}")
        for module in _PATH_MODULES
        for name, kind in _PURE_PATHS.items()
    ),
    *NUMPY_GLOBALS,
)
