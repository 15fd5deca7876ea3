"""Run the bundled model on the bundled picture and compare with the stored detections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from darknet_torch.cfg.zoo import BUNDLED_DETECTIONS, BUNDLED_MODEL, BUNDLED_PICTURE, sample_folder

if TYPE_CHECKING:
    from darknet_torch.model.network import Network

# For coordinates in 0-1 of the picture and for scores. The test shows whether the installation
# works, not how exact it is.
TOLERANCE = 0.01


def self_test(device: str = "cpu") -> float:
    """Run the bundled model on the bundled picture.

    Returns:
        The largest difference from the stored detections, of a coordinate in 0-1 of the picture
        or of a score. Infinite if the classes differ.

    Raises:
        DarknetError: the model cannot run.
        ImportError: a required package cannot be imported.
    """
    expected = json.loads((sample_folder() / BUNDLED_DETECTIONS).read_bytes())
    return difference(detect_sample(load_bundled(device)), expected)


def load_bundled(device: str = "cpu") -> Network:
    """Load the bundled model."""
    from darknet_torch.loading.load import load

    model = sample_folder() / BUNDLED_MODEL
    return load(model.with_suffix(".cfg"), model.with_suffix(".weights"), device=device)


def detect_sample(network: Network) -> list[dict[str, Any]]:
    """Run the bundled model on the bundled picture.

    Args:
        network: the bundled model.

    Returns:
        The objects, as `Detections.to_dict` lists them.
    """
    from darknet_torch.inference.detector import Detector

    folder = sample_folder()
    detector = Detector(network, names=folder / f"{BUNDLED_MODEL}.names")
    objects: list[dict[str, Any]] = detector(folder / BUNDLED_PICTURE).to_dict()["objects"]
    return objects


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
