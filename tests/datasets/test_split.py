from collections import Counter
from pathlib import Path

import numpy as np

from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.datasets.split import split_examples

PARTS = {"train": 0.8, "valid": 0.2}


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
