"""Packed arrays, and the map of an input of another size."""

import pickle

import numpy as np
import pytest

from darknet_torch.targets.assignment import Assignment, pack, unpack
from darknet_torch.targets.region import RegionAssigner


def test_unpacking_gives_views_of_what_was_packed():
    arrays = [np.arange(6.0).reshape(2, 3), np.zeros((0, 4)), np.array(7), np.ones((1, 2, 2))]
    packed = pack(arrays, np.float32)
    assert packed.dtype == np.float32
    for array, found in zip(arrays, unpack(packed, [part.shape for part in arrays]), strict=True):
        assert np.array_equal(array, found)
        assert found.size == 0 or np.shares_memory(packed, found)


@pytest.mark.parametrize(("size", "expected"), [((64, 96), (4, 6)), ((128, 32), (8, 2))])
def test_the_map_grows_with_the_input(size, expected):
    made = RegionAssigner((64, 96), (4, 6), None, 1, 4, 0, False)
    assert made.map_size_at(size) == expected


def test_an_assignment_fits_the_sizes_it_was_made_for():
    made = Assignment(2, (64, 96), (4, 6), np.zeros(1), np.zeros(1))
    assert made.fits(2, (64, 96), (4, 6))
    assert not made.fits(3, (64, 96), (4, 6))
    assert not made.fits(2, (96, 64), (4, 6))
    assert not made.fits(2, (64, 96), (6, 4))


def test_an_assignment_can_be_sent_to_another_process_and_converted():
    made = RegionAssigner((64, 96), (4, 6), None, 1, 4, 0, False)
    found = made.assign(np.array([[[0.5, 0.5, 0.1, 0.1, 0]]], np.float32), (64, 96), (4, 6))
    assert found.cell_indices.tolist() == [15]
    sent = pickle.loads(pickle.dumps(found))
    assert sent.cell_indices.tolist() == [15]
    assert found.converted(lambda part: part + 1).cell_indices.tolist() == [16]
