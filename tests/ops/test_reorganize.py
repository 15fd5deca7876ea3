"""Blocks of positions moved to channels and back."""

import pytest
import torch

from darknet_torch.cfg.shape import Shape
from darknet_torch.ops.reorganize import keeps_all_values, reorganize

DEEP, WIDE = Shape(8, 2, 3), Shape(2, 4, 6)  # one block is 2 x 2 positions


def test_channel_k_goes_to_one_position_of_every_block():
    x = torch.arange(2.0 * DEEP.count).reshape(2, 8, 2, 3)
    out = reorganize(x, DEEP, WIDE, 2, to_blocks=True)
    assert out.shape == (2, 2, 4, 6)
    for k in range(8):
        row, column = divmod(k // 2, 2)
        assert torch.equal(out[:, k % 2, row::2, column::2], x[:, k])


def test_the_reverse_direction_restores_the_input():
    x = torch.arange(2.0 * WIDE.count).reshape(2, 2, 4, 6)
    deep = reorganize(x, DEEP, DEEP, 2, to_blocks=False)
    assert deep.shape == (2, 8, 2, 3)
    assert torch.equal(reorganize(deep, DEEP, WIDE, 2, to_blocks=True), x)


@pytest.mark.parametrize(
    ("deep", "count_in", "count_out", "keeps"),
    [
        (DEEP, 48, 48, True),
        (Shape(6, 2, 3), 36, 36, False),  # 4 does not divide the channels
        (DEEP, 50, 48, False),
        (DEEP, 48, 54, False),
    ],
)
def test_every_value_is_kept_if_the_stride_divides_and_the_counts_agree(
    deep, count_in, count_out, keeps
):
    assert keeps_all_values(deep, count_in, count_out, 2) is keeps


def test_positions_without_a_value_are_0_in_each_picture():
    x = torch.ones(2, 5, 2, 2)
    x[1] = 2
    out = reorganize(x, Shape(5, 2, 2), Shape(1, 5, 5), 2, to_blocks=True)
    # Four channels fill the first 4 x 4 positions; the fifth starts one block row further down.
    filled = [*range(16), 16, 18]
    expected = torch.zeros(25).index_fill(0, torch.tensor(filled), 1)
    assert torch.equal(out[0].flatten(), expected)
    assert torch.equal(out[1], 2 * out[0])
