"""Draw pictures of circles, squares and triangles, labelled as LabelImg labels photos.

    python examples/draw_shapes.py photos --pictures 120

They stand for photos of your own: NAME.jpg, NAME.txt with a line for each object, and classes.txt.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.make_sample import draw_scene

NAMES = ("circle", "square", "triangle")


def label_line(row: np.ndarray) -> str:
    """Return the line of a label file for a row of class, left, top, right, bottom in 0-1."""
    class_id, left, top, right, bottom = row
    box = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    return " ".join((f"{class_id:.0f}", *(f"{value:.6f}" for value in box)))


def main() -> None:
    """Draw the pictures into a folder, which is made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--side", type=int, default=320, help="width and height in pixels")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    random = np.random.RandomState(given.seed)
    given.folder.mkdir(parents=True, exist_ok=True)
    (given.folder / "classes.txt").write_text("".join(f"{name}\n" for name in NAMES))
    for number in range(given.pictures):
        picture, boxes = draw_scene(random, given.side)
        path = given.folder / f"shapes_{number:03}.jpg"
        cv2.imwrite(str(path), picture)
        path.with_suffix(".txt").write_text("".join(f"{label_line(row)}\n" for row in boxes))


if __name__ == "__main__":
    main()
