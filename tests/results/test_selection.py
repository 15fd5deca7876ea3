"""Indices into results, compared with those into a list and an array."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from darknet_torch.errors import UsageError
from darknet_torch.results.selection import (
    is_number,
    one_index,
    selected_indices,
    shortened,
)

COUNT = 5


@pytest.mark.parametrize(
    "key",
    [
        slice(1, 3),
        slice(None, None, -2),
        slice(9, None),
        [0, 2],
        [-1, -5],
        [],
        [True, False, True, False, False],
        np.array([3, 1]),
        np.arange(COUNT) > 2,
        np.array([4], np.uint8),
    ],
)
def test_a_key_selects_what_it_selects_of_an_array(key):
    array = np.arange(COUNT)
    as_array = np.array(key, int) if isinstance(key, list) and not key else key
    assert selected_indices(key, COUNT) == array[as_array].tolist()


def test_tuples_and_tensors_are_taken_as_lists():
    assert selected_indices((0, 2), COUNT) == [0, 2]
    assert selected_indices(torch.tensor([False] * 4 + [True]), COUNT) == [4]


@pytest.mark.parametrize("key", [[5], [-6], [True], np.array([True] * 6)])
def test_what_is_not_there_is_an_index_error(key):
    with pytest.raises(IndexError):
        selected_indices(key, COUNT)


@pytest.mark.parametrize("key", ["dog", 1.5, [0.5], None, [[0, 1]], [[0], [1, 2]], {"a": 1}])
def test_other_keys_are_refused(key):
    with pytest.raises(UsageError, match=r"^results have no such index: expected a number"):
        selected_indices(key, COUNT)


def test_a_number_may_count_from_the_end():
    assert [one_index(index, COUNT) for index in (0, 4, -1, -5)] == [0, 4, 4, 0]
    for index in (5, -6):
        with pytest.raises(IndexError, match=f"^index {index} of 5 results$"):
            one_index(index, COUNT)


def test_numpys_numbers_are_numbers_and_booleans_are_not():
    assert is_number(1)
    assert is_number(np.int64(1))
    assert not is_number(True)
    assert not is_number(1.0)


def test_a_description_lists_the_first_results():
    @dataclass(frozen=True)
    class Found:
        filename: str

    assert shortened(Found(""), []) == "Found(0)"
    assert shortened(Found("a.jpg"), ["dog 0.90"]) == "Found(1 in a.jpg: dog 0.90)"
    assert shortened(Found(""), list("abcde")) == "Found(5: a, b, c, d, ...)"
