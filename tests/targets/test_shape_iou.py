"""IoU of shapes, compared with box.c's arithmetic for boxes with one centre."""

import numpy as np
import pytest

from darknet_torch.targets.shape_iou import SHAPE_IOUS
from tests.losses import reference_boxes


@pytest.mark.parametrize("kind", sorted(SHAPE_IOUS))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_kind_equals_the_reference(kind, seed):
    shapes = np.random.default_rng(seed).uniform(0.01, 1, (2, 40, 2)).astype(np.float32)
    expected = [
        reference_boxes.IOU_FUNCTIONS[kind](*(reference_boxes.box([0, 0, *one]) for one in pair))
        for pair in zip(*shapes, strict=True)
    ]
    found = SHAPE_IOUS[kind](*shapes)
    assert found.dtype == np.float32
    # A few roundings of float32, of values up to 2.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", sorted(SHAPE_IOUS))
def test_a_shape_has_an_iou_of_one_with_itself_and_none_with_an_empty_one(kind):
    shapes = np.array([[0.25, 0.5], [0.0, 0.0]], np.float32)
    same, empty = SHAPE_IOUS[kind](shapes[:1], shapes)
    assert same == 1
    assert not empty > 0
