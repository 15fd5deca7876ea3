"""Splits a data set into parts. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from darknet_torch.datasets.examples import Example

_NO_CLASS = -1


def split_examples(
    examples: Sequence[Example], parts: Mapping[str, float], *, seed: int
) -> dict[str, list[Example]]:
    """Split pictures into parts at random, stratified by class.

    A picture is assigned to the stratum of its rarest class. A path that is listed several
    times is assigned once.

    Args:
        examples: the pictures.
        parts: the relative size of each part by name.
        seed: seed of the random order within each class.

    Returns:
        The pictures of each part, in their original order.
    """
    unique = list({item.path: item for item in examples}.values())
    order = np.random.default_rng(seed).permutation(len(unique))
    strata = _rarest_classes(unique)
    by_stratum = sorted(order, key=lambda index: strata[index])  # stable, so strata stay shuffled
    shares = np.array(list(parts.values()), np.float64) / sum(parts.values())
    assigned = dict(zip(by_stratum, _assign(len(by_stratum), shares), strict=True))
    return {
        name: [item for index, item in enumerate(unique) if assigned[index] == part]
        for part, name in enumerate(parts)
    }


def _rarest_classes(examples: Sequence[Example]) -> list[int]:
    """For each picture, the class in it that occurs in the fewest pictures."""
    classes = [
        set() if item.labels is None else {int(key) for key in item.labels.class_ids}
        for item in examples
    ]
    counts = Counter(key for found in classes for key in found)
    return [min(found, key=lambda key: (counts[key], key), default=_NO_CLASS) for found in classes]


def _assign(count: int, shares: np.ndarray) -> list[int]:
    """The part of each of `count` pictures: always the part that lacks most of its share."""
    sizes = np.zeros(len(shares))
    parts = []
    for number in range(1, count + 1):
        part = int(np.argmax(shares * number - sizes))
        sizes[part] += 1
        parts.append(part)
    return parts
