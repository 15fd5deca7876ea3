"""Anchors formatted as in a cfg."""

import numpy as np
import pytest

from darknet_torch.anchors.formatting import anchors_are_pixels, format_anchors_for_cfg


@pytest.mark.parametrize(
    ("anchors", "as_integers", "expected"),
    [
        ([[10, 13], [16.4, 30.6], [116.4, 90.5]], True, "10, 13,  16, 31, 116, 90"),
        ([[1.3221, 1.73146], [11, 10.00711]], False, "1.3221,1.7315, 11.0000,10.0071"),
        ([[0.4, 7], [0.003, 1]], True, "0.4,  7, 0.003,  1"),
    ],
)
def test_anchors_are_formatted_as_in_a_cfg(anchors, as_integers, expected):
    assert format_anchors_for_cfg(np.array(anchors), as_integers=as_integers) == expected


@pytest.mark.parametrize(
    ("width", "as_integers"), [(13, False), (32, False), (33, True), (416, True)]
)
def test_anchors_of_small_inputs_are_in_cells(width, as_integers):
    assert anchors_are_pixels(width) is as_integers
