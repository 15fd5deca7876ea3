"""Surfaces: noise, gradients, wood, bricks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import cv2
import numpy as np


def mix(first: Sequence[float], second: Sequence[float], share: np.ndarray) -> np.ndarray:
    """Return the colours [..., 3] between two; a `share` of 0 gives the first, 1 the second."""
    start, end = np.array(first, np.float32), np.array(second, np.float32)
    return start + share[..., None].astype(np.float32) * (end - start)


def vertical(
    height: int, width: int, stops: Sequence[tuple[float, Sequence[float]]]
) -> np.ndarray:
    """Return a picture whose colour goes from stop to stop (0-1 from the top, colour)."""
    places, colors = zip(*stops, strict=True)
    y = np.linspace(0, 1, height)
    column = np.stack([np.interp(y, places, channel) for channel in zip(*colors, strict=True)], 1)
    return np.repeat(column[:, None].astype(np.float32), width, axis=1)


def noise(
    random: np.random.RandomState, height: int, width: int, rows: int, columns: int
) -> np.ndarray:
    """Return smooth noise of about 0-1 with `rows` by `columns` random values."""
    values = random.rand(rows, columns).astype(np.float32)
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_CUBIC)


def clouds(random: np.random.RandomState, height: int, width: int, cells: int = 4) -> np.ndarray:
    """Return noise of about 0-1 of five sizes, the coarsest with `cells` rows."""
    parts = [
        noise(random, height, width, cells * 2**i, cells * 2**i * width // height) / 2 ** (i + 1)
        for i in range(5)
    ]
    return np.sum(parts, axis=0)


def wood(
    random: np.random.RandomState,
    height: int,
    width: int,
    dark: Sequence[float],
    light: Sequence[float],
    rings: float = 9,
) -> np.ndarray:
    """Return a board whose grain runs from left to right, with about `rings` year rings."""
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    bend = noise(random, height, width, 4, 5) - 0.5 + 0.25 * noise(random, height, width, 9, 7)
    phase = rings * (y + 0.22 * bend)
    ring = (phase + 0.3 * noise(random, height, width, 30, 4)) % 1
    late = np.where(ring < 0.8, ring / 0.8, (1 - ring) / 0.2)  # dark late wood, then a fresh ring
    fibre = noise(random, height, width, max(height // 2, 2), max(width // 90, 2))
    pores = noise(random, height, width, max(height // 2, 2), max(width // 30, 2)) > 0.92
    broad = noise(random, height, width, 4, 2)
    share = 0.78 - 0.4 * late + 0.36 * (fibre - 0.5) + 0.3 * (broad - 0.5) - 0.16 * pores
    return mix(dark, light, cv2.GaussianBlur(share, (0, 0), 0.5).clip(0, 1))


def planks(
    random: np.random.RandomState,
    height: int,
    width: int,
    dark: Sequence[float],
    light: Sequence[float],
    count: int,
) -> np.ndarray:
    """Return `count` boards one below the other, with narrow gaps between them."""
    edges = np.linspace(0, height, count + 1).astype(int)
    surface = np.empty((height, width, 3), np.float32)
    for top, bottom in itertools.pairwise(edges):
        board = wood(random, bottom - top, width, dark, light, rings=4)
        board *= random.uniform(0.88, 1.06)
        board[:2] *= 0.45
        board[2:4] *= 1.06
        surface[top:bottom] = board
    return surface


def bricks(
    random: np.random.RandomState, height: int, width: int, brick: tuple[int, int], joint: int
) -> np.ndarray:
    """Return a wall of bricks of (width, height) pixels with joints, lit from the upper left."""
    wide, high = brick
    surface = np.empty((height, width, 3), np.float32)
    surface[:] = (150, 160, 168)
    surface *= 0.9 + 0.2 * clouds(random, height, width, 40)[..., None]
    rough = 0.8 + 0.4 * clouds(random, height, width, 24)[..., None]
    for row, top in enumerate(range(0, height, high)):
        for left in range(-(row % 2) * wide // 2, width, wide):
            tone = np.array((58, 72, 148)) * random.uniform(0.75, 1.15) + random.uniform(0, 16)
            area = np.s_[top : top + high - joint, max(left, 0) : left + wide - joint]
            surface[area] = tone * rough[area]
            surface[top : top + 2, area[1]] *= 1.15
            surface[top + high - joint : top + high - joint + 2, area[1]] *= 0.6
    return surface
