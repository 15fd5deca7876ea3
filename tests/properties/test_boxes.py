"""Boxes, drawn: the two forms hold the same box, and the IoU is that of a plain computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.results.boxes import box_iou, cxcywh_to_xyxy, xyxy_to_cxcywh

EXAMPLES = settings(max_examples=50, deadline=None)
CORNERS = st.tuples(*[st.integers(-64, 64)] * 4)
SIXTEENTHS = 16  # such corners, and products of two sides, are exact in float64


def boxes(corners):
    """Boxes whose left and top are not right of, or below, the other side, in [K, 4]."""
    values = np.array(corners, np.float64).reshape(-1, 2, 2) / SIXTEENTHS
    return np.concatenate((values.min(1), values.max(1)), 1)


def plain_iou(one, other):
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    union = sum(areas) - width * height
    return width * height / union if union > 0 else 0.0


@EXAMPLES
@given(st.lists(CORNERS, max_size=5))
def test_corners_come_back_from_centres(corners):
    xyxy = boxes(corners)
    cxcywh = xyxy_to_cxcywh(xyxy)
    assert (cxcywh_to_xyxy(cxcywh) == xyxy).all()
    assert (cxcywh[:, 2:] >= 0).all()


@EXAMPLES
@given(CORNERS, st.lists(CORNERS, min_size=1, max_size=5))
def test_overlaps_are_those_of_a_plain_computation(corners, others):
    (one,), other = boxes([corners]), boxes(others)
    found = box_iou(one, other)
    assert found.tolist() == [plain_iou(one, each) for each in other]
    assert (found == box_iou(other, np.repeat(one[None], len(other), 0))).all()
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("other", [[0, 0, 1, 1], [0, 0, 1, 2], [0, 0, 0.5, 1]])
def test_areas_of_1_are_areas_as_others(other):
    one, others = np.array([0.0, 0.0, 1.0, 1.0]), np.array([other], np.float64)
    assert box_iou(one, others).tolist() == [plain_iou(one, others[0])] != [0.0]
