"""Backgrounds: each a function to BGR float32 [height, width, 3] in 0-255."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from tools.drawn.colours import random_colour
from tools.drawn.textures import clouds, gradient, mixed

Random = np.random.RandomState
Background = Callable[[Random, int, int], np.ndarray]


def plain(random: Random, width: int, height: int) -> np.ndarray:
    """Return one colour."""
    return np.tile(random_colour(random), (height, width, 1))


def sloped(random: Random, width: int, height: int) -> np.ndarray:
    """Return a gradient between two colours."""
    first, second = random_colour(random), random_colour(random)
    return mixed(gradient(random, width, height), first, second)


def cloudy(random: Random, width: int, height: int) -> np.ndarray:
    """Return noise of several scales between two colours."""
    noise = clouds(random, width, height, random.randint(2, 12), 5)
    first = random_colour(random)
    second = first + (random_colour(random) - first) * np.float32(random.uniform(0.2, 1))
    return mixed(noise / 2 + 0.5, first, second)


def blurred_things(random: Random, width: int, height: int) -> np.ndarray:
    """Return patches of many colours, as of a photograph that is out of focus."""
    picture = np.empty((height // 4, width // 4, 3), np.uint8)
    picture[:] = random_colour(random)
    for _ in range(random.randint(6, 25)):
        centre = (int(random.randint(width // 4)), int(random.randint(height // 4)))
        axes = tuple(int(a) for a in random.randint(3, max(4, width // 10), 2))
        colour = random_colour(random).tolist()
        if random.randint(2):
            cv2.ellipse(picture, centre, axes, random.randint(180), 0, 360, colour, -1)
        else:
            far = (centre[0] + axes[0] * 2, centre[1] + axes[1] * 2)
            cv2.rectangle(picture, centre, far, colour, -1)
    soft = cv2.GaussianBlur(picture, (0, 0), random.uniform(2, 6))
    return cv2.resize(soft, (width, height)).astype(np.float32)


def wood(random: Random, width: int, height: int) -> np.ndarray:
    """Return wood: bent lines of the grain, fine fibres, and joints between boards at times."""
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    bend = clouds(random, width, height, 2, 2) * np.float32(random.uniform(0.02, 0.1))
    rings = np.sin((y + bend) * np.float32(random.uniform(25, 110)))
    fibres = cv2.resize(random.uniform(-1, 1, (height, 6)).astype(np.float32), (width, height))
    dark = np.array([30, 60, 95], np.float32) * np.float32(random.uniform(0.5, 1.5))
    light = dark * np.float32(random.uniform(1.2, 2.2)) + random.uniform(-15, 15, 3)
    picture = mixed(0.5 + 0.3 * rings + 0.2 * fibres, dark, light.astype(np.float32))
    if random.randint(2):
        step = int(height / random.uniform(2, 6))
        picture[step // 2 :: max(step, 2)] *= 0.5
    return np.ascontiguousarray(picture.transpose(1, 0, 2)) if _turns(random, picture) else picture


def _turns(random: Random, picture: np.ndarray) -> bool:
    return picture.shape[0] == picture.shape[1] and bool(random.randint(2))


def bricks(random: Random, width: int, height: int) -> np.ndarray:
    """Return a wall of bricks or tiles."""
    tall = int(height / random.uniform(4, 14))
    wide = int(tall * random.uniform(1.8, 3.2))
    base = random_colour(random)
    picture = np.tile(base * np.float32(random.uniform(0.4, 1.5)), (height, width, 1))
    joint = max(1, tall // 8)
    for row, top in enumerate(range(0, height, tall)):
        for left in range(-(row % 2) * wide // 2, width, wide):
            tone = base * np.float32(random.uniform(0.8, 1.15))
            picture[top : top + tall - joint, max(left, 0) : max(left + wide - joint, 0)] = tone
    return picture + clouds(random, width, height, 30, 2)[:, :, None] * 12


def fabric(random: Random, width: int, height: int) -> np.ndarray:
    """Return stripes or checks."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    angle = random.choice([0, np.pi / 2, np.pi / 4, random.uniform(0, np.pi)])
    period = random.uniform(5, 50)
    u = (x * np.cos(angle) + y * np.sin(angle)) / np.float32(period)
    v = (y * np.cos(angle) - x * np.sin(angle)) / np.float32(period)
    sharp = np.float32(random.uniform(1, 6))
    wave = np.sin(2 * np.pi * u)
    if random.randint(2):
        wave = (wave + np.sin(2 * np.pi * v)) / 2
    first = random_colour(random)
    second = first + (random_colour(random) - first) * np.float32(random.uniform(0.1, 0.6))
    return mixed(0.5 + 0.5 * np.clip(wave * sharp, -1, 1), first, second)


def paper(random: Random, width: int, height: int) -> np.ndarray:
    """Return light paper with fibres, ruled, squared or blank."""
    tone = random.uniform(195, 250) + random.uniform(-12, 8, 3).astype(np.float32)
    picture = np.tile(tone.astype(np.float32), (height, width, 1))
    picture += clouds(random, width, height, 60, 2)[:, :, None] * np.float32(random.uniform(1, 6))
    kind = random.randint(4)
    step = random.randint(9, 34)
    ink = tone - np.array([10, 30, 45]) * random.uniform(0.5, 1.6)
    if kind > 0:
        picture[step // 2 :: step] = ink
    if kind > 1:
        picture[:, step // 2 :: step] = ink
    return picture


def landscape(random: Random, width: int, height: int) -> np.ndarray:
    """Return a sky, by day or night, above a horizon."""
    horizon = int(height * random.uniform(0.45, 0.95))
    night = random.randint(3) == 0
    top = np.array([90, 40, 15] if night else [235, 160, 90], np.float32)
    low = np.array([140, 90, 60] if night else [245, 220, 190], np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    picture = mixed(np.tile(down, (1, width)), top, low) * np.float32(random.uniform(0.6, 1.05))
    veil = clouds(random, width, height, random.randint(2, 6), 5)
    picture += np.clip(veil, 0, 1)[:, :, None] * np.float32(random.uniform(0, 70))
    ground = random_colour(random) * np.float32(random.uniform(0.4, 0.9))
    rows = np.arange(height)[:, None] > horizon + veil[:1] * height * 0.06
    soil = ground + clouds(random, width, height, 20, 3)[:, :, None] * 20
    return np.where(rows[:, :, None], soil, picture)


BACKGROUNDS: tuple[tuple[Background, float], ...] = (
    (plain, 0.12),
    (sloped, 0.12),
    (cloudy, 0.16),
    (blurred_things, 0.18),
    (wood, 0.1),
    (bricks, 0.07),
    (fabric, 0.08),
    (paper, 0.1),
    (landscape, 0.07),
)


def random_background(random: Random, width: int, height: int) -> np.ndarray:
    """Return one of `BACKGROUNDS`, float32 [height, width, 3]."""
    weights = np.cumsum([weight for _, weight in BACKGROUNDS])
    draw = BACKGROUNDS[int(np.searchsorted(weights, random.uniform() * weights[-1]))][0]
    return np.ascontiguousarray(draw(random, width, height), np.float32)
