"""Textures: smooth noise, gradients and patterns, quick enough to be made for each picture."""

from __future__ import annotations

import cv2
import numpy as np

Random = np.random.RandomState


def clouds(random: Random, width: int, height: int, coarsest: int, octaves: int) -> np.ndarray:
    """Return noise of several scales, each half as strong as the one before it.

    Args:
        coarsest: the points of the coarsest scale along a side.

    Returns:
        float32 [height, width] in about -1 to 1.
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        points = min(coarsest << octave, width, height)
        noise = random.uniform(-1, 1, (points, points)).astype(np.float32)
        total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    return total / 1.5


def gradient(random: Random, width: int, height: int) -> np.ndarray:
    """Return a linear change in any direction, float32 [height, width] from 0 to 1."""
    angle = random.uniform(0, 2 * np.pi)
    x = np.linspace(-1, 1, width, dtype=np.float32) * np.cos(angle)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.sin(angle)
    plane = x + y
    low, high = plane.min(), plane.max()
    return (plane - low) / (high - low)


def mixed(amount: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return colours between two, float32 [H, W, 3], for `amount` [H, W] in 0-1."""
    part = np.clip(amount, 0, 1)[:, :, None]
    return part * (second - first).astype(np.float32) + first.astype(np.float32)
