"""Weights of classes from counters_per_class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def class_weights(class_ids: np.ndarray, counters: Sequence[int], most: float) -> np.ndarray:
    """Weights of classes, larger for rare ones.

    Args:
        class_ids: [...] int64.
        counters: truths of each class, from counters_per_class; empty without it.
        most: bound on a weight.

    Returns:
        [...] float32, 1 to `most`; all 1 without counters.

    Source: parser.c get_classes_multipliers (AlexeyAB).
    """
    if not counters:
        return np.ones(class_ids.shape, np.float32)
    counts = np.array(counters, np.float32).clip(min=1)
    return (counts.max() / counts).clip(max=np.float32(most))[class_ids]
