"""OpenCV 4's dnn module for Darknet's files, which OpenCV 5 cannot read any more.

Use it instead of ``import cv2`` in a script that calls ``cv2.dnn``:

    from darknet_torch.compat.opencv import cv2

or instead of ``import cv2.dnn as dnn`` in one that calls ``dnn``:

    import darknet_torch.compat.opencv as dnn

Everything that does not concern Darknet's files, such as blobFromImage and NMSBoxes, comes
from the installed OpenCV.
"""

import sys
from typing import Any

import cv2 as _cv2

from darknet_torch.compat.opencv.layer_table import Layer
from darknet_torch.compat.opencv.models import ClassificationModel, DetectionModel, Model
from darknet_torch.compat.opencv.net import Net
from darknet_torch.compat.opencv.reading import readNet, readNetFromDarknet
from darknet_torch.compat.opencv.stand_in import stand_in

_CLASSES = ["ClassificationModel", "DetectionModel", "Layer", "Model", "Net"]

__all__ = [
    "ClassificationModel",
    "DetectionModel",
    "Layer",
    "Model",
    "Net",
    "cv2",
    "readNet",
    "readNetFromDarknet",
]


def __getattr__(name: str) -> Any:
    return getattr(_cv2.dnn, name)


cv2 = stand_in(sys.modules[__name__], _CLASSES)
