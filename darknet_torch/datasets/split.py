"""A data set cut into parts. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from darknet_torch.datasets.examples import Example

_NO_CLASS = -1


def split_examples(
    examples: Sequence[Example], parts: Mapping[str, float], *, seed: int
) -> dict[str, list[Example]]:
    """Deal pictures into parts at random, each class as evenly as the parts are large.

    A picture counts for the rarest class in it. A path that stands several times is dealt once.

    Args:
        parts: names and sizes, in any unit.
        seed: for the order in which pictures of a class are dealt.

    Returns:
        The pictures of each part, in their first order.
    """
    unique = list({item.path: item for item in examples}.values())
    order = np.random.default_rng(seed).permutation(len(unique))
    groups = _rarest_classes(unique)
    dealt = sorted(order, key=lambda index: groups[index])  # stable: each group stays shuffled
    shares = np.array(list(parts.values()), np.float64) / sum(parts.values())
    owner = dict(zip(dealt, _deal(len(dealt), shares), strict=True))
    return {
        name: [item for index, item in enumerate(unique) if owner[index] == part]
        for part, name in enumerate(parts)
    }


def _rarest_classes(examples: Sequence[Example]) -> list[int]:
    """For each picture, the class in it that the fewest pictures have."""
    classes = [
        set() if item.labels is None else {int(key) for key in item.labels.class_ids}
        for item in examples
    ]
    counts = Counter(key for found in classes for key in found)
    return [min(found, key=lambda key: (counts[key], key), default=_NO_CLASS) for found in classes]


def _deal(count: int, shares: np.ndarray) -> list[int]:
    """To whom each of `count` cards goes: always to the one furthest behind its share."""
    given = np.zeros(len(shares))
    owners = []
    for number in range(1, count + 1):
        owner = int(np.argmax(shares * number - given))
        given[owner] += 1
        owners.append(owner)
    return owners
