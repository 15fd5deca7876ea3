"""The classes of a picture: iteration, indices and tables."""

import pickle

import numpy as np
import pytest

from darknet_torch.results.classification import Classification, ClassScore

FOUND = Classification((2, 0, 1), (0.5, 0.25, 0.125), ("cat", "dög"), (-1, -1, 2), "a.png")
NONE = Classification((), (), (), None)


def test_it_iterates_over_classes_with_their_names():
    assert list(FOUND) == [
        ClassScore(2, 0.5, "class 2"),
        ClassScore(0, 0.25, "cat"),
        ClassScore(1, 0.125, "dög"),
    ]
    assert len(FOUND) == 3
    assert list(NONE) == []


def test_it_is_indexed_and_sliced():
    assert FOUND[0] == ClassScore(2, 0.5, "class 2")
    assert FOUND[-1].name == "dög"
    assert FOUND[:2] == Classification((2, 0), (0.5, 0.25), ("cat", "dög"), (-1, -1), "a.png")
    assert FOUND[[False, True, False]].class_ids == (0,)
    assert NONE[:1] == NONE
    with pytest.raises(IndexError):
        _ = FOUND[3]


def test_the_description_is_short():
    assert repr(FOUND) == "Classification(3 in a.png: class 2 0.50, cat 0.25, dög 0.12)"


def test_it_can_be_pickled():
    assert pickle.loads(pickle.dumps(FOUND)) == FOUND


def test_it_becomes_an_array():
    np.testing.assert_array_equal(FOUND.to_numpy(), [[0.5, 2], [0.25, 0], [0.125, 1]])
    assert NONE.to_numpy().shape == (0, 2)


def test_it_becomes_json():
    assert FOUND[1:2].to_json() == (
        '{"filename": "a.png", "classes": [{"class_id": 0, "name": "cat", "confidence": 0.25}]}'
    )


def test_it_becomes_a_table():
    pytest.importorskip("pandas")
    table = FOUND.to_pandas()
    assert table.to_dict("list") == {
        "confidence": [0.5, 0.25, 0.125],
        "class": [2, 0, 1],
        "name": ["class 2", "cat", "dög"],
    }
    assert list(NONE.to_pandas().columns) == list(table.columns)
