"""[deconvolutional] against plain loops."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network
from tests.layers.single import NORMALIZATION, build, check_output, load, picture


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize(
    ("options", "size", "stride", "padding"),
    [
        ("", 1, 1, 0),
        ("size=3", 3, 1, 0),
        ("size=2 stride=2", 2, 2, 0),
        ("size=2 stride=3", 2, 3, 0),
        ("size=4 stride=2 padding=1", 4, 2, 1),
        ("size=3 stride=2 pad=1 padding=5", 3, 2, 1),
        ("size=4 stride=2 padding=1 batch_normalize=1", 4, 2, 1),
    ],
)
def test_it_spreads_each_value_over_a_window(tmp_path, dialect, options, size, stride, padding):
    network = build(f"deconvolutional filters=2 activation=linear {options}", dialect=dialect)
    normalizes = "batch_normalize" in options
    shapes = {"biases": (2,)} | {name: (2,) for name in NORMALIZATION if normalizes}
    given = load(network, shapes | {"weights": (3, 2, size, size)}, tmp_path)
    x = picture().double().numpy()
    height, width = (n * stride - stride + size - 2 * padding for n in (4, 5))
    expected = np.zeros((2, 2, height, width))
    for n, c, i, j, f, a, b in np.ndindex(2, 3, 4, 5, 2, size, size):
        row, column = i * stride + a - padding, j * stride + b - padding
        if 0 <= row < height and 0 <= column < width:
            expected[n, f, row, column] += x[n, c, i, j] * given["weights"][c, f, a, b]
    of_filters = (1, 2, 1, 1)
    if normalizes:
        scales, mean, variance = (given[name].reshape(of_filters) for name in NORMALIZATION)
        inside = dialect == "alexeyab"
        root = np.sqrt(variance + 1e-5) if inside else np.sqrt(variance) + 1e-6
        expected = (expected - mean) / root * scales
    check_output(network, picture(), expected + given["biases"].reshape(of_filters))


def test_its_activation_is_logistic_unless_given():
    plain, linear = build("deconv filters=2"), build("deconv filters=2 activation=linear")
    linear.load_state_dict(plain.state_dict())
    torch.testing.assert_close(plain(picture())[0], linear(picture())[0].sigmoid())


def test_its_weights_start_with_a_spread_in_proportion_to_the_enlargement():
    torch.manual_seed(0)
    layer = build("deconvolutional filters=200 size=4 stride=4").layers[0]
    # The spread of 9600 normal values is within 3 % of 0.02 * 16 with near certainty.
    assert layer.weights.std().item() == pytest.approx(0.32, rel=0.03)
    assert not layer.biases.any()


def test_a_padding_that_leaves_no_output_is_refused():
    with pytest.raises(CfgError, match=r"\[deconvolutional\] cuts off all of its output"):
        build("deconvolutional padding=2")


def test_an_input_that_is_not_a_picture_is_refused():
    with pytest.raises(CfgError, match=r"\[deconvolutional\] needs a picture.*got inputs=8"):
        build_network(parse_cfg("[net]\ninputs=8\n[deconvolutional]"))
