"""Drawn data sets for experiments: pictures with boxes, and pictures of one object each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.files import write_text
from examples.draw_shapes import NAMES, draw_folder, draw_scene
from tools.experiments.declaration import Sources

DETECTION = "shapes/shapes.data"
CLASSIFICATION = "shapes-alone"
CLASSES = len(NAMES)
SIDE, ALONE_SIDE = 160, 64  # pixels, of a picture and of one with one object
_LISTS = {"train": (600, 21), "valid": (200, 22)}  # pictures and seed
_ALONE, _ALONE_SEED = 3000, 23
_AROUND = 1.3  # a picture of one object is this much wider than the object


def drawn_scenes(folder: Path, sources: Sources) -> None:
    """Draw a data set of circles, squares and triangles for detectors."""
    data = folder / DETECTION
    if data.exists():
        return
    for name, (pictures, seed) in _LISTS.items():
        draw_folder(data.parent / name, pictures, SIDE, seed)
        paths = sorted((data.parent / name).glob("*.jpg"))
        write_text(data.with_name(f"{name}.txt"), "".join(f"{name}/{p.name}\n" for p in paths))
    lists = "".join(f"{name} = {name}.txt\n" for name in _LISTS)
    write_text(data, f"classes = {CLASSES}\nnames = train/classes.txt\n{lists}")


def drawn_objects(folder: Path, sources: Sources) -> None:
    """Cut drawn pictures into pictures of one object, in a folder for each class.

    The pictures are others than those of `drawn_scenes`.
    """
    if (folder / CLASSIFICATION).exists():
        return
    begun = folder / f"{CLASSIFICATION}.part"
    for name in NAMES:
        (begun / name).mkdir(parents=True, exist_ok=True)
    for number, (class_id, crop) in enumerate(_crops()):
        cv2.imwrite(str(begun / NAMES[class_id] / f"{number:05}.png"), crop)
    begun.rename(folder / CLASSIFICATION)


def _crops() -> Iterator[tuple[int, np.ndarray]]:
    """Yield class and picture, BGR uint8 [ALONE_SIDE, ALONE_SIDE, 3], of each object."""
    random = np.random.RandomState(_ALONE_SEED)
    count = 0
    while count < _ALONE:
        picture, boxes = draw_scene(random, 2 * SIDE)
        for class_id, *box in boxes[: _ALONE - count]:
            yield int(class_id), _crop(picture, np.array(box) * 2 * SIDE)
            count += 1


def _crop(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    half = (box[2:] - box[:2]).max() / 2 * _AROUND
    left, top = (box[:2] + box[2:]) / 2 - half
    scale = ALONE_SIDE / (2 * half)
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    return cv2.warpAffine(
        picture, matrix, (ALONE_SIDE, ALONE_SIDE), borderMode=cv2.BORDER_REPLICATE
    )
