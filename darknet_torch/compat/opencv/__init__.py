"""OpenCV 4's dnn module for Darknet's files; OpenCV 5 has no importer for them.

Either replaces ``import cv2`` in a script that calls ``cv2.dnn``:

    from darknet_torch.compat.opencv import cv2

or ``import cv2.dnn as dnn`` in one that calls ``dnn``:

    import darknet_torch.compat.opencv as dnn

What has nothing to do with Darknet's files, such as blobFromImage and NMSBoxes, is OpenCV's
own, of the version that is installed.
"""

import sys
from typing import Any

import cv2 as _cv2

from darknet_torch.compat.opencv.described import Layer
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
