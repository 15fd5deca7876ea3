"""[normalization] against plain loops."""

import numpy as np
import pytest

from darknet_torch.errors import CfgError
from tests.layers.single import build, check_output, picture


def responses(x, size, alpha, beta, kappa):
    """A running sum over the channels, as normalization_layer.c keeps it."""
    out = np.zeros_like(x)
    for n, i, j in np.ndindex(len(x), *x.shape[2:]):
        squares = x[n, :, i, j] ** 2
        norm = kappa + alpha * squares[: size // 2].sum()
        for k, value in enumerate(x[n, :, i, j]):
            if k > 0 and k - (size - 1) // 2 - 1 >= 0:
                norm -= alpha * squares[k - (size - 1) // 2 - 1]
            if k > 0 and k + size // 2 < len(squares):
                norm += alpha * squares[k + size // 2]
            out[n, k, i, j] = value * norm**-beta
    return out


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9])
def test_it_divides_by_the_neighbouring_channels(size, dialect):
    section = f"normalization size={size} alpha=.125 beta=.5 kappa=4"
    x = picture(channels=7)
    expected = responses(x.double().numpy(), size, 0.125, 0.5, 4)
    check_output(build(section, channels=7, dialect=dialect), x, expected)


def test_its_defaults_are_those_of_alexnet():
    x = 30 * picture(channels=7)
    expected = responses(x.double().numpy(), 5, 1e-4, 0.75, 1)
    assert np.abs(expected - x.numpy()).max() > 1
    check_output(build("lrn", channels=7), x, expected)


def test_a_size_larger_than_its_channels_allow_is_refused():
    with pytest.raises(
        CfgError,
        match=r"\[normalization\] size=7 is larger than its channels allow: "
        r"expected size below 6, got 3 channels",
    ):
        build("normalization size=7")
