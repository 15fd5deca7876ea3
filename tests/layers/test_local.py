"""[local] against plain loops."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network
from tests.layers.single import build, check_output, load, picture


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize(
    ("options", "size", "stride", "pad"),
    [
        ("", 1, 1, 0),
        ("size=2", 2, 1, 0),
        ("size=3 stride=2", 3, 2, 0),
        ("size=3 pad=1", 3, 1, 1),
        ("size=3 stride=2 pad=1", 3, 2, 1),
        ("size=5 stride=3 pad=2", 5, 3, 2),
    ],
)
def test_each_position_has_separate_weights(tmp_path, dialect, options, size, stride, pad):
    network = build(f"local filters=2 activation=linear {options}", dialect=dialect)
    height, width = (4 + 2 * pad - size) // stride + 1, (5 + 2 * pad - size) // stride + 1
    shapes = {"biases": (2, height, width), "weights": (height, width, 2, 3, size, size)}
    given = load(network, shapes, tmp_path)
    x = picture().double().numpy()
    expected = np.zeros((2, 2, height, width))
    for n, f, i, j in np.ndindex(*expected.shape):
        expected[n, f, i, j] = given["biases"][f, i, j]
        for c, a, b in np.ndindex(3, size, size):
            row, column = i * stride + a - pad, j * stride + b - pad
            if 0 <= row < 4 and 0 <= column < 5:
                expected[n, f, i, j] += given["weights"][i, j, f, c, a, b] * x[n, c, row, column]
    check_output(network, picture(), expected)


@pytest.mark.parametrize(("size", "pad"), [(2, 1), (3, 2), (4, 1)])
def test_its_matrix_is_read_as_if_it_had_the_outputs_width(tmp_path, size, pad):
    """im2col.c im2col_cpu writes as many columns as there are windows, gemm reads `locations`."""
    network = build(f"local filters=2 activation=linear size={size} pad={pad}")
    height, width = 4, 5  # with pad: (h - 1) / stride + 1
    shapes = {"biases": (2, height, width), "weights": (height * width, 2, 3 * size * size)}
    given = load(network, shapes, tmp_path)
    x = np.pad(picture().double().numpy(), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = 4 + 2 * pad - size + 1, 5 + 2 * pad - size + 1
    expected = np.zeros((2, 2, height * width))
    for n in range(2):
        flat = [
            x[n, c, i + a, j + b] for c, a, b, i, j in np.ndindex(3, size, size, rows, columns)
        ]
        flat += [0.0] * (3 * size * size * height * width)
        for f, place, tap in np.ndindex(2, height * width, 3 * size * size):
            value = flat[tap * height * width + place]
            expected[n, f, place] += given["weights"][place, f, tap] * value
    expected = expected.reshape(2, 2, height, width) + given["biases"]
    check_output(network, picture(), expected)


def test_its_activation_is_logistic_unless_given():
    plain, linear = build("local filters=2"), build("local filters=2 activation=linear")
    linear.load_state_dict(plain.state_dict())
    torch.testing.assert_close(plain(picture())[0], linear(picture())[0].sigmoid())


def test_a_window_larger_than_its_input_is_refused():
    with pytest.raises(
        CfgError, match=r"<cfg>:6: \[local\] window of 6 is larger than its input: got input 3"
    ):
        build("local size=6")


def test_an_input_that_is_not_a_picture_is_refused():
    with pytest.raises(CfgError, match=r"\[local\] needs a picture.*got inputs=8"):
        build_network(parse_cfg("[net]\ninputs=8\n[local]"))
