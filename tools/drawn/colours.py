"""Colours that stand out from what is below them."""

from __future__ import annotations

import cv2
import numpy as np

Random = np.random.RandomState


def random_colour(random: Random) -> np.ndarray:
    """Return a colour: grey, black or white at times, else of any hue; BGR float32 [3]."""
    kind = random.uniform()
    if kind < 0.1:
        return np.full(3, random.uniform(0, 40), np.float32)
    if kind < 0.22:
        return np.full(3, random.uniform(215, 255), np.float32)
    if kind < 0.3:
        return np.full(3, random.uniform(40, 215), np.float32)
    hsv = (random.randint(180), random.randint(40, 256), random.randint(60, 256))
    return cv2.cvtColor(np.array([[hsv]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0].astype(np.float32)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return how differently bright or coloured two colours are, from 0 to 255 and a little more.

    Brightness counts most, as for the eye.
    """
    difference = a - b
    bright = abs(float(difference @ np.array([0.114, 0.587, 0.299])))
    return bright + 0.35 * float(np.abs(difference).max())


def standing_out(random: Random, below: np.ndarray, least: float) -> np.ndarray:
    """Return a random colour at least `least` from that `below`, or the farthest of 30."""
    best, farthest = below, -1.0
    for _ in range(30):
        colour = random_colour(random)
        apart = distance(colour, below)
        if apart >= least:
            return colour
        if apart > farthest:
            best, farthest = colour, apart
    return best
