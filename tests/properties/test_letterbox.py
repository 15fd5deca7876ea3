"""Properties of every placement of a picture in an input."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from darknet_torch.media.images import Placement, input_placement

SIZES = st.integers(1, 2048)
FRACTIONS = st.floats(-2, 3)
BOXES = st.lists(st.tuples(FRACTIONS, FRACTIONS, FRACTIONS, FRACTIONS), min_size=1, max_size=4)

# Float64 rounds at 1e-16, which a picture of one pixel in an input of 2048 magnifies.
ROUNDING = 1e-11


def placed(own_height: int, own_width: int, height: int, width: int) -> Placement:
    shape = np.broadcast_to(np.uint8(0), (own_height, own_width, 3))
    return input_placement(shape, height, width, letterbox=True)


@given(SIZES, SIZES, SIZES, SIZES, BOXES)
def test_to_input_and_to_picture_are_inverses(own_height, own_width, height, width, boxes):
    placement = placed(own_height, own_width, height, width)
    given_boxes = np.array(boxes)
    there_and_back = placement.to_input(placement.to_picture(given_boxes))
    np.testing.assert_allclose(there_and_back, given_boxes, atol=ROUNDING)
    back_and_there = placement.to_picture(placement.to_input(given_boxes))
    np.testing.assert_allclose(back_and_there, given_boxes, atol=ROUNDING)


@given(SIZES, SIZES, SIZES, SIZES)
def test_one_side_is_filled_and_the_aspect_is_kept_within_a_pixel(
    own_height, own_width, height, width
):
    placement = placed(own_height, own_width, height, width)
    inner_height, inner_width = placement.inner_height, placement.inner_width
    assert 1 <= inner_height <= height
    assert 1 <= inner_width <= width
    assert inner_height == height or inner_width == width
    assert abs(inner_height - min(height, own_height * width / own_width)) < 1
    assert abs(inner_width - min(width, own_width * height / own_height)) < 1


@given(SIZES, SIZES, SIZES, SIZES)
def test_the_whole_picture_is_a_box_of_1_by_1(own_height, own_width, height, width):
    placement = placed(own_height, own_width, height, width)
    whole = (0.5, 0.5, placement.inner_width / width, placement.inner_height / height)
    box = placement.to_picture(np.array([whole]))
    np.testing.assert_allclose(box, [[0.5, 0.5, 1, 1]], atol=ROUNDING)
