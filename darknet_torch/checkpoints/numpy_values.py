"""NumPy's numbers and arrays in a pickle, rebuilt from their bytes.

Unpickling NumPy's own dtype would set fields of it that NumPy trusts, such as the size of an
element. So a stand-in receives what the pickle says, and only known element types are built.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

# bool, int, unsigned, float, complex, bytes, text, time difference, time; 0 to 9999 bytes.
_CODE = re.compile("[biufcSUmM][0-9]{1,4}")
_OBJECT = "O8"
_TYPE_NAMES = (
    *("bool", "bool_", "str_", "bytes_", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64", "longdouble"),
    *("complex64", "complex128", "datetime64", "timedelta64", "float_", "int_", "intc", "uintc"),
)
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")  # of NumPy 1, and since 2


class ElementType:
    """Stands for a `numpy.dtype` while a pickle is read.

    Args:
        code: the kind and size of an element, such as ``f8``.
    """

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        self._code = code
        self._order = "|"
        self._unit = ""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take the order of bytes and the unit of time from what `numpy.dtype` pickles."""
        self._order = state[1]
        if len(state) > 8 and state[8]:
            unit, count = state[8][1][:2]
            self._unit = f"[{count}{unit.decode() if isinstance(unit, bytes) else unit}]"

    def build(self) -> np.dtype[Any]:
        """The dtype.

        Raises:
            ValueError: it is not one of the plain types.
        """
        if self._code == _OBJECT:
            return np.dtype(object)
        if not _CODE.fullmatch(self._code) or self._order not in ("<", ">", "|", "="):
            raise ValueError(f"NumPy type {self._code!r} is not a plain one")
        return np.dtype(f"{self._order}{self._code}{self._unit}")


class StoredArray(np.ndarray[Any, Any]):
    """An array that takes its shape, type and bytes from a pickle, and is empty before."""

    def __new__(cls) -> StoredArray:
        return super().__new__(cls, 0, np.uint8)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Become the array that `numpy.ndarray` pickled.

        Raises:
            ValueError: its type is not a plain one, or shape and bytes differ.
        """
        version, shape, element, is_fortran, values = state
        dtype = element.build()
        if type(values) is not (list if dtype.hasobject else bytes):
            raise ValueError(f"values of a NumPy array are {type(values).__name__}")
        super().__setstate__((version, shape, dtype, is_fortran, values))


class TypeName:
    """Stands for a class that a pickle may name but not use, such as a defaultdict's factory."""


def _new_array(kind: object, shape: object, code: object) -> StoredArray:
    """An empty array, to which `StoredArray.__setstate__` then gives its content."""
    return StoredArray()


def _new_scalar(element: ElementType, values: Any = b"") -> Any:
    """The NumPy number of the given type and bytes."""
    dtype = element.build()
    if dtype.hasobject:
        return values
    return np.ndarray((), dtype, buffer=values)[()]


NUMPY_GLOBALS: tuple[tuple[Any, str], ...] = (
    *((_new_array, f"{module}._reconstruct") for module in _MODULES),
    *((_new_scalar, f"{module}.scalar") for module in _MODULES),
    (ElementType, "numpy.dtype"),
    (StoredArray, "darknet_torch.StoredArray"),  # no file names it: BUILD asks for its class
    (TypeName(), "numpy.ndarray"),
    *((TypeName(), f"numpy.{name}") for name in _TYPE_NAMES),
)
