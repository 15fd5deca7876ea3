"""[scale_channels] against plain loops."""

import numpy as np
import pytest

from darknet_torch.errors import CfgError, CfgWarning
from tests.layers.several import CLOSE, build, last_with_inputs

CHANNEL_FACTORS = ("empty", "avgpool")  # layers of 3x4x5 and 3x1x1


POSITION_FACTORS = ("empty", "convolutional filters=1")  # layers of 3x4x5 and 1x4x5


@pytest.mark.parametrize("source", ["0", "-2"])
def test_channels_are_scaled_by_a_factor_each(source):
    network = build(*CHANNEL_FACTORS, f"scale_channels from={source}")
    out, factors, scaled = last_with_inputs(network)
    expected = np.zeros((2, 3, 4, 5))
    for n, c, i, j in np.ndindex(*expected.shape):
        expected[n, c, i, j] = scaled[n, c, i, j] * factors[n, c, 0, 0]
    np.testing.assert_allclose(out, expected, **CLOSE)


@pytest.mark.parametrize("source", ["0", "-2"])
def test_positions_are_scaled_by_a_factor_each(source):
    network = build(*POSITION_FACTORS, f"scale_channels from={source} scale_wh=1")
    out, factors, scaled = last_with_inputs(network)
    expected = np.zeros((2, 3, 4, 5))
    for n, c, i, j in np.ndindex(*expected.shape):
        expected[n, c, i, j] = scaled[n, c, i, j] * factors[n, 0, i, j]
    np.testing.assert_allclose(out, expected, **CLOSE)


@pytest.mark.parametrize(
    "sections",
    [
        (*CHANNEL_FACTORS, "scale_channels from=0"),
        (*POSITION_FACTORS, "scale_channels from=0 scale_wh=1"),
    ],
    ids=["channels", "positions"],
)
def test_the_activation_comes_last(sections):
    *before, last = sections
    network = build(*before, f"{last} activation=logistic")
    out, factors, scaled = last_with_inputs(network)
    np.testing.assert_allclose(out, 1 / (1 + np.exp(-factors * scaled)), **CLOSE)


@pytest.mark.parametrize("dialect", ["alexeyab", "alexeyab-cuda"])
def test_darknets_code_has_no_mish(dialect):
    with pytest.warns(CfgWarning, match=r"no mish in \[scale_channels\]"):
        network = build(*CHANNEL_FACTORS, "scale_channels from=0 activation=mish", dialect=dialect)
    assert not last_with_inputs(network)[0].any()


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            ("empty", "convolutional filters=2", "avgpool", "scale_channels from=0"),
            r"<cfg>:11: \[scale_channels\] cannot scale layer 0 by the layer before it: "
            r"expected 3x1x1 factors, got 2x1x1",
        ),
        (
            ("empty", "empty", "scale_channels from=0"),
            r"cannot scale layer 0 .*expected 3x1x1 factors, got 3x4x5",
        ),
        (
            ("empty", "convolutional filters=2", "scale_channels from=0 scale_wh=1"),
            r"cannot scale layer 0 .*expected 1x4x5 factors, got 2x4x5",
        ),
        (
            ("empty", "convolutional size=2", "scale_channels from=0 scale_wh=1"),
            r"cannot scale layer 0 .*expected 1x4x5 factors, got 1x3x4",
        ),
        (("avgpool", "scale_channels"), r"\[scale_channels\] has no 'from='"),
        (("avgpool", "scale_channels from=1"), r"from=1 means layer 1, which is not before it"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(sections, message):
    with pytest.raises(CfgError, match=message):
        build(*sections)
