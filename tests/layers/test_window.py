"""The window of pooling layers: sizes and paddings."""

import pytest
import torch

from darknet_torch.layers.window import PoolWindow, count_windows


@pytest.mark.parametrize(
    ("span", "stride", "windows"),
    [(0, 1, 1), (4, 1, 5), (4, 2, 3), (5, 2, 3), (-1, 2, 1), (-2, 2, 0), (-3, 2, 0)],
)
def test_windows_are_counted_with_division_towards_zero_as_in_c(span, stride, windows):
    assert count_windows(span, stride) == windows


def test_a_window_is_padded_as_far_as_it_extends_and_no_further():
    window = PoolWindow(size=3, stride_y=2, stride_x=1, padding=2)
    assert window.output_size(4, 5) == (2, 5)
    assert window.padding_before == 1
    assert window.padding_after(4, 5) == (0, 1)
    padded = window.pad_input(torch.ones(1, 1, 4, 5), -7.0)
    assert padded.shape == (1, 1, 5, 7)
    assert (padded == -7).sum() == 5 * 7 - 4 * 5


@pytest.mark.parametrize(
    ("strides", "text"), [((2, 2), "3x3/2"), ((1, 2), "3x3/2x1"), ((2, 1), "3x3/1x2")]
)
def test_unequal_strides_are_written_along_x_first(strides, text):
    assert PoolWindow(3, *strides, padding=2).text == text
