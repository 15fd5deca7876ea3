"""The C structures that darknet.py uses, field for field. No torch.

numpy owns the memory. A structure keeps the arrays that it points to alive in its attribute
`kept`, so `free_image` and similar functions have no effect.

Source: darknet.py (AlexeyAB), include/darknet.h.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_float, c_int
from typing import Any

import numpy as np

FloatPtr = POINTER(c_float)
IntPtr = POINTER(c_int)


class BOX(ctypes.Structure):
    """Centre x, centre y, width, height."""

    _fields_ = (("x", c_float), ("y", c_float), ("w", c_float), ("h", c_float))


class DETECTION(ctypes.Structure):
    """A box with the probabilities of the classes."""

    _fields_ = (
        ("bbox", BOX),
        ("classes", c_int),
        ("best_class_idx", c_int),
        ("prob", FloatPtr),
        ("mask", FloatPtr),
        ("objectness", c_float),
        ("sort_class", c_int),
        ("uc", FloatPtr),
        ("points", c_int),
        ("embeddings", FloatPtr),
        ("embedding_size", c_int),
        ("sim", c_float),
        ("track_id", c_int),
    )


DETECTIONPtr = POINTER(DETECTION)


class DETNUMPAIR(ctypes.Structure):
    """The detections of one picture of a batch."""

    _fields_ = (("num", c_int), ("dets", DETECTIONPtr))


DETNUMPAIRPtr = POINTER(DETNUMPAIR)


class IMAGE(ctypes.Structure):
    """A picture: width, height, channels, and `data` [c, h, w], RGB in 0-1."""

    _fields_ = (("w", c_int), ("h", c_int), ("c", c_int), ("data", FloatPtr))


class METADATA(ctypes.Structure):
    """The names of classes."""

    _fields_ = (("classes", c_int), ("names", POINTER(c_char_p)))


def keep(structure: Any, *owners: object) -> Any:
    """Store the owners of the memory in the attribute `kept` of `structure`, and return it."""
    structure.kept = owners
    return structure


def pointer_to(values: np.ndarray) -> Any:
    """Return a pointer to float32 values, which keeps them alive."""
    return values.ctypes.data_as(FloatPtr)


def values_at(pointer: Any, *shape: int) -> np.ndarray:
    """Return the float32 values at a pointer as an array of a shape, without copying."""
    return np.ctypeslib.as_array(pointer, shape)
