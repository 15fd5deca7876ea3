"""Splits a data set into parts. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from darknet_torch.datasets.examples import Example
from darknet_torch.datasets.stratification import stratify_units

_NO_CLASS = -1


def split_examples(
    examples: Sequence[Example],
    parts: Mapping[str, float],
    *,
    seed: int,
    groups: Mapping[Path, int] | None = None,
    stratify: bool = False,
) -> dict[str, list[Example]]:
    """Split pictures into parts at random, stratified by class.

    A picture, or a group, is assigned to the stratum of its rarest class. A path that is listed
    several times is assigned once.

    Args:
        examples: the pictures.
        parts: the relative size of each part by name.
        seed: seed of the random order within each class.
        groups: the number of a picture's group, as from `near_duplicates.group_pictures`; the
            pictures of a group stay together. A picture without a number is alone.
        stratify: give each part about its share of the boxes of every class, see
            `stratification.stratify_units`.

    Returns:
        The pictures of each part, in their original order.
    """
    unique = list({item.path: item for item in examples}.values())
    units = _group_indices(unique, groups or {})
    order = np.random.default_rng(seed).permutation(len(units)).tolist()
    shares = np.array(list(parts.values()), np.float64) / sum(parts.values())
    if stratify:
        boxes = [_count_boxes([unique[index] for index in unit]) for unit in units]
        dealt = stratify_units([len(unit) for unit in units], boxes, shares, order)
    else:
        dealt = _deal_strata(unique, units, shares, order)
    assigned = {index: part for unit, part in zip(units, dealt, strict=True) for index in unit}
    return {
        name: [item for index, item in enumerate(unique) if assigned[index] == part]
        for part, name in enumerate(parts)
    }


def _group_indices(examples: Sequence[Example], groups: Mapping[Path, int]) -> list[list[int]]:
    """The indices of the pictures of each group, in the order of their first pictures."""
    units: dict[object, list[int]] = {}
    for index, item in enumerate(examples):
        units.setdefault(groups.get(item.path, item.path), []).append(index)
    return list(units.values())


def _count_boxes(examples: Sequence[Example]) -> Counter[int]:
    """The number of boxes of each class."""
    labels = [item.labels for item in examples if item.labels is not None]
    return Counter(int(key) for found in labels for key in found.class_ids)


def _deal_strata(
    examples: Sequence[Example],
    units: Sequence[Sequence[int]],
    shares: np.ndarray,
    order: Sequence[int],
) -> list[int]:
    """The part of each unit, dealt stratum by stratum.

    Strata with large groups come first, and large groups come first in them, so that the smaller
    ones after them make up for what the large ones exceed a share by.
    """
    strata = _rarest_classes(examples, units)
    largest: Counter[int] = Counter()
    for unit, stratum in zip(units, strata, strict=True):
        largest[stratum] = max(largest[stratum], len(unit))
    by_stratum = sorted(  # stable, so strata stay shuffled
        order, key=lambda unit: (-largest[strata[unit]], strata[unit], -len(units[unit]))
    )
    parts = _assign([len(units[unit]) for unit in by_stratum], shares)
    dealt = dict(zip(by_stratum, parts, strict=True))
    return [dealt[unit] for unit in range(len(units))]


def _rarest_classes(examples: Sequence[Example], units: Sequence[Sequence[int]]) -> list[int]:
    """For each unit, the class in it that occurs in the fewest pictures."""
    classes = [set(_count_boxes([item])) for item in examples]
    counts = Counter(key for found in classes for key in found)
    return [
        min(
            set().union(*(classes[index] for index in unit)),
            key=lambda key: (counts[key], key),
            default=_NO_CLASS,
        )
        for unit in units
    ]


def _assign(sizes: Sequence[int], shares: np.ndarray) -> list[int]:
    """The part of each of several units: always the part that lacks most of its share.

    Args:
        sizes: the number of pictures of each unit.
        shares: the share of each part; their sum is 1.
    """
    filled, total = np.zeros(len(shares)), 0
    parts = []
    for size in sizes:
        total += size
        part = int(np.argmax(shares * total - filled))
        filled[part] += size
        parts.append(part)
    return parts
