"""[local_avgpool] against plain loops."""

import numpy as np
import pytest

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network
from tests.layers.single import build, check_output, picture


@pytest.mark.parametrize(
    ("options", "size", "strides", "padding"),
    [
        ("", 1, (1, 1), 0),
        ("stride=2", 2, (2, 2), 1),
        ("size=3", 3, (1, 1), 2),
        ("size=3 stride=2", 3, (2, 2), 2),
        ("size=2 padding=0", 2, (1, 1), 0),
        ("size=3 stride_x=2 stride_y=1", 3, (1, 2), 2),
        ("size=3 stride=2 stride_y=3", 3, (3, 2), 2),
        *((f"size=3 stride=2 padding={padding}", 3, (2, 2), padding) for padding in range(6)),
        ("size=2 padding=4", 2, (1, 1), 4),  # windows of nothing: 0 / 0
    ],
)
def test_it_is_the_mean_of_the_part_of_a_window_inside_the_picture(
    options, size, strides, padding
):
    x = picture().double().numpy()
    height = (4 + padding - size) // strides[0] + 1
    width = (5 + padding - size) // strides[1] + 1
    expected = np.zeros((2, 3, height, width))
    for n, c, i, j in np.ndindex(*expected.shape):
        top, left = i * strides[0] - padding // 2, j * strides[1] - padding // 2
        rows, columns = slice(max(0, top), top + size), slice(max(0, left), left + size)
        inside = list(x[n, c, rows, columns].flat) if min(top, left) > -size else []
        expected[n, c, i, j] = sum(inside) / len(inside) if inside else np.nan
    check_output(build(f"local_avgpool {options}"), picture(), expected)


def test_a_window_larger_than_its_input_is_refused():
    with pytest.raises(CfgError, match=r"\[local_avgpool\] window of 6 is larger than its"):
        build("local_avgpool size=6 padding=0")


def test_an_input_that_is_not_a_picture_is_refused():
    with pytest.raises(CfgError, match=r"\[local_avgpool\] needs a picture.*got inputs=8"):
        build_network(parse_cfg("[net]\ninputs=8\n[local_avgpool]"))
