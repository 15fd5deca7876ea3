"""A module to import in the place of cv2."""

from __future__ import annotations

import types
from types import ModuleType

import cv2


def stand_in(dnn: ModuleType, names: list[str]) -> ModuleType:
    """cv2 with `dnn` for its dnn module, and `names` of it also as cv2.dnn_NAME."""
    module = types.ModuleType(cv2.__name__, cv2.__doc__)
    vars(module).update(vars(cv2))
    vars(module).update({f"dnn_{name}": getattr(dnn, name) for name in names}, dnn=dnn)
    return module
