"""The scenes on disk, as a data set for Darknet."""

from __future__ import annotations

from pathlib import Path

import cv2

from darknet_torch.files import write_bytes, write_text
from tools.drawn.data_set import claim, write_description, write_labels
from tools.scenes import SCENES, Scene


def draw_scenes(folder: Path, scenes: tuple[tuple[str, Scene], ...] = SCENES) -> Path:
    """Draw the scenes as PNGs with label files, a list, the classes' names and a `.data` file.

    The list is that of the evaluation. There is none of the training: the scenes are the test.

    Args:
        folder: a new or empty folder, or one that the same scenes were drawn into.
        scenes: names and functions, as in `SCENES`.

    Returns:
        The path of the `.data` file.

    Raises:
        UsageError: the folder holds anything else, or cannot be written.
    """
    claim(folder, {"scenes": [name for name, _ in scenes]})
    for name, draw in scenes:
        picture, boxes = draw()
        path = folder / f"{name}.png"
        write_labels(path, boxes)
        write_bytes(path, cv2.imencode(".png", picture)[1].tobytes())
    write_text(folder / "scenes.txt", "".join(f"{name}.png\n" for name, _ in scenes))
    return write_description(folder, {"valid": "scenes.txt"})
