"""Structures and pointers that keep numpy's memory alive."""

import gc

import numpy as np

from darknet_torch.compat.darknet.structures import BOX, keep, pointer_to, values_at


def test_a_pointer_keeps_its_values_alive():
    pointer = pointer_to(np.arange(6, dtype=np.float32))
    gc.collect()
    assert values_at(pointer, 2, 3).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_values_at_a_pointer_are_not_copied():
    values = np.zeros(4, np.float32)
    values_at(pointer_to(values), 2, 2)[1, 0] = 7
    assert values.tolist() == [0, 0, 7, 0]


def test_a_structure_keeps_the_owners_of_its_memory():
    owner = np.zeros(1)
    box = keep(BOX(1, 2, 3, 4), owner)
    assert box.kept == (owner,)
    assert (box.x, box.y, box.w, box.h) == (1, 2, 3, 4)
