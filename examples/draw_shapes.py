"""Draw pictures of circles, squares and triangles, labelled as LabelImg labels photos.

    python examples/draw_shapes.py photos --pictures 120

They stand for photos of your own: NAME.jpg, NAME.txt with a line for each object, and classes.txt.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

NAMES = ("circle", "square", "triangle")
CIRCLE, SQUARE, TRIANGLE = range(len(NAMES))


def draw_scene(random: np.random.RandomState, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a picture with shapes.

    Returns:
        BGR uint8 [side, side, 3], and [K, 5]: class, then left, top, right, bottom in 0-1.
    """
    slope = np.linspace(0, random.uniform(0, 60), side)[:, None, None]
    image = np.clip(random.uniform(30, 200, 3) + slope * np.ones((1, side, 1)), 0, 255)
    image = np.ascontiguousarray(image.astype(np.uint8))
    boxes: list[tuple[float, ...]] = []
    for _ in range(random.randint(2, 7)):
        size = random.uniform(0.1, 0.32)
        left, top = random.uniform(0.01, 0.99 - size, 2)
        box = (left, top, left + size, top + size)
        if all(_apart(box, other[1:]) for other in boxes):
            kind = random.randint(len(NAMES))
            background = image[int(top * side), int(left * side)].astype(float)
            _draw_shape(image, kind, np.array(box) * side, _contrasting(random, background))
            boxes.append((kind, *box))
    noise = random.normal(0, random.uniform(0, 10), image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), np.array(boxes).reshape(-1, 5)


def _apart(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    gap = 0.02
    return a[2] + gap < b[0] or b[2] + gap < a[0] or a[3] + gap < b[1] or b[3] + gap < a[1]


def _contrasting(random: np.random.RandomState, background: np.ndarray) -> tuple[float, ...]:
    while True:
        color = random.uniform(0, 255, 3)
        if np.abs(color - background).sum() > 200:
            return tuple(color)


def _draw_shape(image: np.ndarray, kind: int, box: np.ndarray, color: tuple[float, ...]) -> None:
    left, top, right, bottom = box
    if kind == CIRCLE:
        centre = (round((left + right) / 2), round((top + bottom) / 2))
        cv2.circle(image, centre, round((right - left) / 2), color, cv2.FILLED, cv2.LINE_AA)
        return
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if kind == TRIANGLE:
        corners = [((left + right) / 2, top), (right, bottom), (left, bottom)]
    cv2.fillPoly(image, [np.round(corners).astype(np.int32)], color, cv2.LINE_AA)


def label_line(row: np.ndarray) -> str:
    """Return the line of a label file for a row of class, left, top, right, bottom in 0-1."""
    class_id, left, top, right, bottom = row
    box = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    return " ".join((f"{class_id:.0f}", *(f"{value:.6f}" for value in box)))


def draw_folder(folder: Path, pictures: int, side: int, seed: int) -> None:
    """Draw pictures of side x side pixels with their labels into a folder, which is made."""
    random = np.random.RandomState(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in NAMES))
    for number in range(pictures):
        picture, boxes = draw_scene(random, side)
        path = folder / f"shapes_{number:03}.jpg"
        cv2.imwrite(str(path), picture)
        path.with_suffix(".txt").write_text("".join(f"{label_line(row)}\n" for row in boxes))


def main() -> None:
    """Draw the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--side", type=int, default=320, help="width and height in pixels")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draw_folder(given.folder, given.pictures, given.side, given.seed)


if __name__ == "__main__":
    main()
