"""Mixup, cutmix and mosaic for classifiers. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from darknet_torch.augment.mixing import CUTMIX, CUTMIX_OR_MOSAIC, MIXUP, MOSAIC
from darknet_torch.augment.mosaic import MARGIN
from darknet_torch.augment.random_streams import uniform_integer

_CUTMIX_SIZE = (0.3, 0.8)  # bounds of the pasted rectangle, as fractions of each side
_PICTURES = {0: 1, MIXUP: 2, CUTMIX: 2, MOSAIC: 4, CUTMIX_OR_MOSAIC: 4}

Part = tuple[np.ndarray, np.ndarray]  # a picture and its truth


def picture_count(mixup: int) -> int:
    """The number of pictures that a sample is mixed from."""
    return _PICTURES[mixup]


def mix_parts(mixup: int, parts: Sequence[Part], random: np.random.Generator) -> Part:
    """Mix several pictures of the same size and their truths into one.

    Args:
        mixup: see `mixing_mode`.
        parts: `picture_count` pictures, float32 [H, W, ...], each with its truth [classes].
        random: generator of the positions.

    Returns:
        The picture and its truth.

    Source: data.c load_data_augment (AlexeyAB).
    """
    if mixup == CUTMIX_OR_MOSAIC:
        mixup = uniform_integer(random, CUTMIX, MOSAIC)
    if mixup == MIXUP:
        (image, truth), (other, other_truth) = parts[:2]
        return (image + other) / 2, (truth + other_truth) / 2
    if mixup == CUTMIX:
        return _cutmix(parts[0], parts[1], random)
    return _mosaic(parts, random) if mixup == MOSAIC else parts[0]


def _cutmix(part: Part, other: Part, random: np.random.Generator) -> Part:
    image = part[0].copy()
    height, width = image.shape[:2]
    cut_width, cut_height = (
        uniform_integer(random, int(side * _CUTMIX_SIZE[0]), int(side * _CUTMIX_SIZE[1]))
        for side in (width, height)
    )
    left = uniform_integer(random, 0, width - cut_width - 1)
    top = uniform_integer(random, 0, height - cut_height - 1)
    area = slice(top, top + cut_height), slice(left, left + cut_width)
    image[area] = other[0][area]
    fraction = np.float32(cut_width * cut_height / (width * height))
    return image, part[1] * (1 - fraction) + other[1] * fraction


def _mosaic(parts: Sequence[Part], random: np.random.Generator) -> Part:
    image = parts[0][0].copy()
    height, width = image.shape[:2]
    column, row = (
        uniform_integer(random, int(side * MARGIN), int(side * (1 - MARGIN)))
        for side in (width, height)
    )
    truth = np.zeros_like(parts[0][1])
    columns, rows = (slice(column), slice(column, None)), (slice(row), slice(row, None))
    for number, (other, other_truth) in enumerate(parts):
        area = rows[number // 2], columns[number % 2]
        image[area] = other[area]
        fraction = image[area].shape[0] * image[area].shape[1] / (height * width)
        truth += np.float32(fraction) * other_truth
    return image, truth
