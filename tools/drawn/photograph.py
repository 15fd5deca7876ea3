"""What a camera does to a picture: light, blur, noise and JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from tools.drawn.textures import gradient

Random = np.random.RandomState


def photographed(random: Random, colours: np.ndarray) -> np.ndarray:
    """Return BGR uint8 [H, W, 3] of colours float32 [H, W, 3] in 0-255, changed in place."""
    height, width = colours.shape[:2]
    if random.uniform() < 0.35:
        dark = np.float32(random.uniform(0.35, 0.85))
        colours *= (dark + (1 - dark) * gradient(random, width, height))[:, :, None]
    if random.uniform() < 0.5:
        contrast, shift = random.uniform(0.55, 1.15), random.uniform(-25, 25)
        colours -= 127.5
        colours *= np.float32(contrast)
        colours += np.float32(127.5 + shift)
    if random.uniform() < 0.2:
        colours *= random.uniform(0.8, 1.1, 3).astype(np.float32)
    if random.uniform() < 0.5:
        cv2.GaussianBlur(colours, (0, 0), random.uniform(0.3, 1.3), dst=colours)
    if random.uniform() < 0.5:
        _add_noise(random, colours, random.uniform(1, 12))
    picture = np.clip(colours, 0, 255).astype(np.uint8)
    if random.uniform() < 0.5:
        quality = int(random.randint(30, 95))
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return picture


def _add_noise(random: Random, colours: np.ndarray, deviation: float) -> None:
    """Add noise of nearly normal distribution: the sum of two uniform ones."""
    noise = random.randint(0, 256, colours.shape, np.uint8).astype(np.float32)
    noise += random.randint(0, 256, colours.shape, np.uint8)
    noise -= 255
    # A uniform byte has a variance of 256 ** 2 / 12.
    colours += noise * np.float32(deviation / (256 / np.sqrt(6)))
