"""Drawn data sets for experiments: pictures with boxes, and pictures of one object each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from tools.drawn.classes import CLASSES
from tools.drawn.data_set import DATA, Settings, draw_data_set
from tools.drawn.picture import draw_picture
from tools.experiments.declaration import Sources

DETECTION = f"drawn/{DATA}"
CLASSIFICATION = "drawn-objects"
OBJECT_SIDE = 64  # pixels, of a picture of one object
_SCENES = Settings(train=1000, valid=300, seed=21, side=224)
_OBJECTS, _OBJECTS_SEED = 6000, 22
_AROUND = 1.3  # a crop is this much wider than its object


def drawn_scenes(folder: Path, sources: Sources) -> None:
    """Draw a data set for detectors."""
    draw_data_set(folder / "drawn", _SCENES)


def drawn_objects(folder: Path, sources: Sources) -> None:
    """Cut drawn pictures into pictures of one object, in a folder for each class.

    The pictures are others than those of `drawn_scenes`.
    """
    if (folder / CLASSIFICATION).exists():
        return
    begun = folder / f"{CLASSIFICATION}.part"
    for name in CLASSES:
        (begun / name).mkdir(parents=True, exist_ok=True)
    for number, (class_id, crop) in enumerate(_crops()):
        cv2.imwrite(str(begun / CLASSES[class_id] / f"{number:05}.png"), crop)
    begun.rename(folder / CLASSIFICATION)


def _crops() -> Iterator[tuple[int, np.ndarray]]:
    """Yield class and picture, BGR uint8 [OBJECT_SIDE, OBJECT_SIDE, 3], of each object."""
    random = np.random.RandomState(_OBJECTS_SEED)
    count = 0
    while count < _OBJECTS:
        picture, boxes = draw_picture(random, _SCENES.side)
        for class_id, *box in boxes[: _OBJECTS - count]:
            yield int(class_id), _crop(picture, np.array(box) * _SCENES.side)
            count += 1


def _crop(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    half = (box[2:] - box[:2]).max() / 2 * _AROUND
    left, top = (box[:2] + box[2:]) / 2 - half
    scale = OBJECT_SIDE / (2 * half)
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    return cv2.warpAffine(
        picture, matrix, (OBJECT_SIDE, OBJECT_SIDE), borderMode=cv2.BORDER_REPLICATE
    )
