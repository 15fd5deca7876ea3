"""[l2norm] against plain loops."""

import numpy as np
import pytest

from tests.layers.single import build, check_output, picture


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_the_channels_of_each_position_become_a_unit_vector(dialect):
    x = picture().double().numpy()
    expected = np.zeros_like(x)
    for n, i, j in np.ndindex(2, 4, 5):
        length = sum(value**2 for value in x[n, :, i, j]) ** 0.5
        expected[n, :, i, j] = x[n, :, i, j] / length
    check_output(build("l2norm", dialect=dialect), picture(), expected)
