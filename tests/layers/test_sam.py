"""[sam] against plain loops."""

import numpy as np
import pytest

from darknet_torch.errors import CfgError, CfgWarning
from tests.layers.several import CLOSE, build, last_with_inputs


@pytest.mark.parametrize("source", ["0", "-2"])
def test_it_multiplies_value_by_value(source):
    network = build("empty", "convolutional filters=3", f"sam from={source}")
    out, previous, other = last_with_inputs(network)
    expected = np.zeros((2, 3, 4, 5))
    for at in np.ndindex(*expected.shape):
        expected[at] = previous[at] * other[at]
    np.testing.assert_allclose(out, expected, **CLOSE)


def test_the_activation_comes_last():
    network = build("empty", "empty", "sam from=0 activation=logistic")
    out, previous, other = last_with_inputs(network)
    np.testing.assert_allclose(out, 1 / (1 + np.exp(-previous * other)), **CLOSE)


@pytest.mark.parametrize("dialect", ["alexeyab", "alexeyab-cuda"])
def test_darknets_code_has_no_mish(dialect):
    with pytest.warns(CfgWarning, match=r"no mish in \[sam\]"):
        network = build(*("empty", "empty"), "sam from=0 activation=mish", dialect=dialect)
    assert not last_with_inputs(network)[0].any()


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            ("empty", "avgpool", "sam from=0"),
            r"<cfg>:9: \[sam\] cannot multiply layer 0 by the layer before it: "
            r"expected 3x4x5.*, got 3x1x1",
        ),
        (("empty", "sam"), r"\[sam\] has no 'from='"),
        (("empty", "sam from=-3"), r"\[sam\] from=-3 means layer -2, which is not before it"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(sections, message):
    with pytest.raises(CfgError, match=message):
        build(*sections)
