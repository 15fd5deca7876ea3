"""Run the bundled model on the bundled picture and compare with the stored detections."""

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

# For coordinates in 0-1 of the picture and for scores. The test shows whether the installation
# works, not how exact it is.
TOLERANCE = 0.01


def detect_sample(network: Network, folder: Path) -> Detections:
    """Run the bundled model on the picture in `folder`.

    Args:
        network: the bundled model.
        folder: the folder that holds `PICTURE`.
    """
    from darknet_torch.inference.detector import Detector

    return Detector(network, names=sample_folder() / f"{MODEL}.names")(folder / PICTURE)


def self_test(device: str = "cpu") -> float:
    """Run the bundled model on the bundled picture.

    Returns:
        The largest difference from the stored detections, of a coordinate in 0-1 of the picture
        or of a score. Infinite if the classes differ.

    Raises:
        DarknetError: the model cannot run.
        ImportError: a required package cannot be imported.
    """
    from darknet_torch.loading.load import load

    folder = sample_folder()
    model = folder / MODEL
    network = load(model.with_suffix(".cfg"), model.with_suffix(".weights"), device=device)
    expected = json.loads((folder / EXPECTED).read_bytes())
    return difference(detect_sample(network, folder).to_dict()["objects"], expected)


def difference(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> float:
    """Return the largest difference of positions, sizes and scores; infinite if classes differ.

    Args:
        found, expected: objects as `Detections.to_dict` lists them, in its order.
    """
    if [one["name"] for one in found] != [one["name"] for one in expected]:
        return float("inf")
    return float(np.abs(_numbers(found) - _numbers(expected)).max(initial=0))


def _numbers(objects: list[dict[str, Any]]) -> np.ndarray:
    """Return [K, 5]: center x, center y, width, height and score."""
    rows = [[*one["relative_coordinates"].values(), one["confidence"]] for one in objects]
    return np.array(rows, float).reshape(-1, 5)
