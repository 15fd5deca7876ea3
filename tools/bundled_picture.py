"""Draw the bundled picture, and store what the bundled model finds in it.

    python tools/bundled_picture.py

`dtorch doctor` compares with what is stored, and the README shows the drawing. To be run after the
model or the picture has changed; look at the objects that it prints.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cfg.zoo import (
    BUNDLED_DETECTIONS,
    BUNDLED_MODEL,
    BUNDLED_PICTURE,
    sample_folder,
)
from darknet_torch.doctor.self_test import load_bundled
from darknet_torch.files import write_bytes, write_text
from darknet_torch.inference.detector import Detector
from tools.scenes import desk

DRAWING = "desk.jpg"
_QUALITY = 90  # of the drawing; about 100 KB
_DOCS = Path(__file__).resolve().parents[1] / "docs"


@click.command(help=__doc__)
@click.option("--sample", type=click.Path(path_type=Path), default=sample_folder())
@click.option("--docs", type=click.Path(path_type=Path), default=_DOCS)
def main(sample: Path, docs: Path) -> None:
    """Write the files, and print names and scores."""
    for one in write_bundled_picture(sample, docs):
        click.echo(f"{one['name']} {one['confidence']:.2f}")


def write_bundled_picture(sample: Path, docs: Path) -> list[dict[str, Any]]:
    """Draw the picture, and find its objects with the bundled model.

    Args:
        sample: gets the picture and the objects.
        docs: gets the picture with the boxes drawn.

    Returns:
        The objects, as `Detections.to_dict` lists them.
    """
    picture, _ = desk.draw()
    detector = Detector(load_bundled(), names=sample_folder() / f"{BUNDLED_MODEL}.names")
    found = detector(picture)
    objects: list[dict[str, Any]] = found.to_dict()["objects"]
    _write_picture(sample / BUNDLED_PICTURE, picture)
    write_text(sample / BUNDLED_DETECTIONS, json.dumps(objects, indent=1) + "\n")
    quality = (cv2.IMWRITE_JPEG_QUALITY, _QUALITY)
    write_bytes(docs / DRAWING, cv2.imencode(".jpg", found.draw(picture), quality)[1].tobytes())
    return objects


def _write_picture(path: Path, picture: np.ndarray) -> None:
    """Write a PNG, unless it holds these pixels: encoders differ from version to version."""
    there = cv2.imread(str(path)) if path.exists() else None
    if there is None or not np.array_equal(there, picture):
        write_bytes(path, cv2.imencode(".png", picture)[1].tobytes())


if __name__ == "__main__":
    main()
