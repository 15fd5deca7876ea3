"""A module that scripts import instead of cv2."""

from __future__ import annotations

import types
from types import ModuleType

import cv2


def stand_in(dnn: ModuleType, names: list[str]) -> ModuleType:
    """Copy cv2 with `dnn` as its dnn module, and with each of its `names` as cv2.dnn_NAME."""
    module = types.ModuleType(cv2.__name__, cv2.__doc__)
    vars(module).update(vars(cv2))
    vars(module).update({f"dnn_{name}": getattr(dnn, name) for name in names}, dnn=dnn)
    return module
