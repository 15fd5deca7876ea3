"""The bundled model on the bundled picture, beside what it is known to find there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from darknet_torch.cfg.zoo import sample_folder

if TYPE_CHECKING:
    from darknet_torch.model.network import Network
    from darknet_torch.results.detections import Detections

PICTURE, MODEL, EXPECTED = "shapes.png", "toy-shapes", "shapes.json"

# Parts of the picture, and scores. This asks whether the installation works, not how exact it
# is: TF32 on a GPU keeps 10 bits of a factor, which moves both by some thousandths.
TOLERANCE = 0.01


def detect_sample(network: Network, folder: Path) -> Detections:
    """What `network`, the bundled model, finds in the picture in `folder`."""
    from darknet_torch.inference.detector import Detector

    return Detector(network, names=sample_folder() / f"{MODEL}.names")(folder / PICTURE)


def self_test(device: str = "cpu") -> float:
    """Run the bundled model on the bundled picture.

    Returns:
        How far it is from what is expected at most: parts of the picture, or score.
        Infinite if it finds other objects.

    Raises:
        DarknetError: it cannot run.
        ImportError: a package that it needs cannot be imported.
    """
    from darknet_torch.model.loading import load

    folder = sample_folder()
    model = folder / MODEL
    network = load(model.with_suffix(".cfg"), model.with_suffix(".weights"), device=device)
    expected = json.loads((folder / EXPECTED).read_bytes())
    return difference(detect_sample(network, folder).to_dict()["objects"], expected)


def difference(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> float:
    """The largest difference of positions, sizes and scores; infinite if classes differ.

    Both as `Detections.to_dict` has them, in its order.
    """
    if [one["name"] for one in found] != [one["name"] for one in expected]:
        return float("inf")
    return float(np.abs(_numbers(found) - _numbers(expected)).max(initial=0))


def _numbers(objects: list[dict[str, Any]]) -> np.ndarray:
    """[K, 5] box and score."""
    rows = [[*one["relative_coordinates"].values(), one["confidence"]] for one in objects]
    return np.array(rows, float).reshape(-1, 5)
