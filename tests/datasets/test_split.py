from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.datasets.split import split_examples

PARTS = {"train": 0.8, "valid": 0.2}
# What seed 7 gave before groups were known.
EARLIER = {
    "a": [2, 3, 4, 5, 8, 9, 10, 11, 14, 15, 16, 19, 22, 23, 27],
    "b": [0, 6, 7, 17, 18, 20, 21, 26, 28],
    "c": [1, 12, 13, 24, 25, 29],
}


def examples(count):
    """Class 0 is in every picture that has any, class 1 in a fifth, class 2 in a tenth."""
    found = []
    for index in range(count):
        ids = [] if index % 20 == 7 else [0]
        ids += [1] if index % 5 == 0 else []
        ids += [2] if index % 10 == 1 else []
        labels = Labels.from_arrays(ids, np.full((len(ids), 4), 0.5))
        found.append(Example(Path(f"{index}.png"), labels))
    return found


def test_every_picture_is_in_one_part_and_each_class_in_proportion():
    items = examples(1000)
    parts = split_examples(items, PARTS, seed=0)
    assert {name: len(found) for name, found in parts.items()} == {"train": 800, "valid": 200}
    paths = [item.path for found in parts.values() for item in found]
    assert sorted(paths) == sorted(item.path for item in items)
    counts = Counter(key for item in parts["valid"] for key in item.labels.class_ids.tolist())
    assert counts[1] == 40  # a fifth of 200
    assert counts[2] == 20  # of 100
    assert sum(not len(item.labels) for item in parts["valid"]) == 10  # of 50


def test_the_seed_determines_the_parts():
    def dealt(seed):
        return [item.path for item in split_examples(examples(100), PARTS, seed=seed)["valid"]]

    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)


def test_a_picture_that_is_listed_twice_is_assigned_once():
    parts = split_examples(examples(10) * 2, {"a": 1, "b": 1}, seed=0)
    assert {name: len(found) for name, found in parts.items()} == {"a": 5, "b": 5}


def test_the_parts_of_a_seed_stay_what_they_were():
    parts = split_examples(examples(30), {"a": 0.5, "b": 0.3, "c": 0.2}, seed=7)
    found = {name: [int(item.path.stem) for item in items] for name, items in parts.items()}
    assert found == EARLIER


def numbers(parts):
    return {name: sorted(int(item.path.stem) for item in items) for name, items in parts.items()}


@pytest.mark.parametrize("stratify", [False, True])
def test_a_group_stays_in_one_part(stratify):
    items = examples(200)
    groups = {item.path: index // 7 for index, item in enumerate(items[:140])}
    parts = split_examples(items, PARTS, seed=3, groups=groups, stratify=stratify)
    assert {name: len(found) for name, found in parts.items()} == {"train": 160, "valid": 40}
    for found in numbers(parts).values():
        whole = [number // 7 for number in found if number < 140]
        assert set(Counter(whole).values()) <= {7}


@pytest.mark.parametrize("stratify", [False, True])
def test_groups_of_one_change_nothing(stratify):
    items = examples(50)
    alone = {item.path: index for index, item in enumerate(items)}
    plain = split_examples(items, PARTS, seed=1, stratify=stratify)
    assert split_examples(items, PARTS, seed=1, groups=alone, stratify=stratify) == plain


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize(
    ("sizes", "shares", "expected"),
    [
        ([50, *[1] * 50], (0.8, 0.2), [80, 20]),
        ([*[1] * 50, 50], (0.5, 0.5), [50, 50]),
        ([10] * 10, (0.8, 0.2), [80, 20]),
        ([60, 40], (0.5, 0.5), [60, 40]),
        ([9, 1, 1, 9, 5, 5], (0.5, 0.5), [15, 15]),
    ],
)
def test_the_shares_hold_as_nearly_as_groups_allow(stratify, sizes, shares, expected):
    owners = np.repeat(np.arange(len(sizes)), sizes).tolist()
    items = examples(len(owners))
    groups = {item.path: owner for item, owner in zip(items, owners, strict=True)}
    parts = dict(zip("ab", shares, strict=True))
    for seed in range(3):
        found = split_examples(items, parts, seed=seed, groups=groups, stratify=stratify)
        assert [len(found["a"]), len(found["b"])] == expected


def crowded(count):
    """Pictures with few or many boxes of several classes, one of them rare."""
    random = np.random.default_rng(0)
    found = []
    for index in range(count):
        ids = np.repeat(np.arange(4), random.poisson((3, 1, 0.3, 0.05)) * random.integers(0, 3, 4))
        labels = Labels.from_arrays(ids, np.full((len(ids), 4), 0.5))
        found.append(Example(Path(f"{index}.png"), labels))
    return found


def test_stratified_parts_have_equal_shares_of_the_boxes_of_each_class():
    shares = {"train": 0.7, "valid": 0.2, "test": 0.1}
    items = crowded(400)
    total = boxes_by_class(items)

    def errors(*, stratify):
        parts = split_examples(items, shares, seed=0, stratify=stratify)
        assert [len(found) for found in parts.values()] == [280, 80, 40]
        return np.array(
            [boxes_by_class(parts[name]) / total - share for name, share in shares.items()]
        )

    assert np.abs(errors(stratify=True)).max() < 0.03  # a box of the rarest class is 0.04
    assert np.abs(errors(stratify=False)).max() > 0.03


def boxes_by_class(items):
    return np.bincount(np.concatenate([item.labels.class_ids for item in items]), minlength=4)


def test_the_seed_determines_stratified_parts():
    first, again, other = (
        numbers(split_examples(crowded(60), PARTS, seed=seed, stratify=True)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_data_set_without_pictures_has_empty_parts():
    for stratify in (False, True):
        assert split_examples([], PARTS, seed=0, stratify=stratify) == {"train": [], "valid": []}
