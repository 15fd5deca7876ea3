"""[history]: the last inputs, the newest first."""

import numpy as np
import pytest
import torch

from tests.layers.plain_recurrent import CHANNELS, build, check_refused, steps


@pytest.mark.parametrize("size", [1, 2, 4])
def test_it_keeps_the_last_inputs_the_newest_first(size):
    network, inputs = build(f"history history_size={size}"), steps(6)
    seen = [torch.zeros_like(inputs[0])] * size
    for x in inputs:
        seen = [x, *seen][:size]
        (out,) = network(x)
        np.testing.assert_array_equal(out, torch.cat(seen, 1))
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]


def test_it_keeps_four_inputs_unless_given():
    assert build("history").layers[0].output_shape.channels == 4 * CHANNELS


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("history history_size=0", r"'history_size' is out of its bounds"),
    ],
)
def test_fewer_than_one_input_is_refused(section, message):
    check_refused(section, message)
