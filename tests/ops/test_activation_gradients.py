"""The slopes of the activation functions, as C computes them: mostly from the output."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import ACTIVATION_EXTENSIONS
from darknet_torch.ops.activations import ACTIVATIONS

# Away from the corners, where the slope is not defined.
X = torch.arange(-8, 8, 0.125) + 0.0331


def sech(x):
    return 2 / (math.exp(x) + math.exp(-x))


def gelu(y):
    inner = 0.0356774 * y**3 + 0.797885 * y
    return 0.5 * math.tanh(inner) + (0.0535161 * y**3 + 0.398942 * y) * sech(inner) ** 2 + 0.5


def softplus(x):
    return math.log(1 + math.exp(x))


def mish(x):
    rising = 1 - math.exp(-softplus(x))
    bent = math.tanh(softplus(x))
    return x * (1 - bent * bent) * rising + bent


OF_OUTPUT = {
    "linear": lambda y: 1,
    "logistic": lambda y: (1 - y) * y,
    "loggy": lambda y: 2 * (1 - (y + 1) / 2) * (y + 1) / 2,
    "relu": lambda y: y > 0,
    "relu6": lambda y: 0 < y < 6,
    "elu": lambda y: 1 if y >= 0 else y + 1,
    "selu": lambda y: 1.0507 if y >= 0 else y + 1.0507 * 1.6732,
    "gelu": gelu,
    "relie": lambda y: 1 if y > 0 else 0.01,
    "ramp": lambda y: (y > 0) + 0.1,
    "leaky": lambda y: 1 if y > 0 else 0.1,
    "revleaky": lambda y: 1 if y > 0 else 0.1,
    "tanh": lambda y: 1 - y * y,
    "plse": lambda y: 0.01 if y < 0 or y > 1 else 0.125,
    "stair": lambda y: 0 if math.floor(y) == y else 1,
    "hardtan": lambda y: -1 < y < 1,
    "lhtan": lambda y: 1 if 0 < y < 1 else 0.001,
}
OF_INPUT = {
    "mish": mish,
    "hard_mish": lambda x: 1 if x > 0 else x + 1 if x > -2 else 0,
    "swish": lambda x: (1 + math.exp(-x) * (1 + x)) / (1 + math.exp(-x)) ** 2,
}
OVER_CHANNELS = sorted(name for name in ACTIVATIONS if name.startswith("normalize_channels"))


def slopes(name):
    x = X.clone().requires_grad_()
    out = ACTIVATIONS[name](x)
    out.sum().backward()
    return out.detach(), x.grad


@pytest.mark.parametrize("name", OF_OUTPUT)
def test_a_slope_is_that_of_the_output(name):
    out, found = slopes(name)
    expected = [float(OF_OUTPUT[name](y)) for y in out.double().tolist()]
    # tanh(8) is a difference of 2e-7 from 1, and float32 knows one digit of it.
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", OF_INPUT)
def test_a_slope_is_that_of_the_input(name):
    _, found = slopes(name)
    expected = [float(OF_INPUT[name](x)) for x in X.double().tolist()]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_the_slope_of_gelu_is_not_that_of_its_function():
    """C hands gelu_gradient the output, where it was written for the input."""
    _, found = slopes("gelu")
    exact = X.double().requires_grad_()
    ACTIVATIONS["gelu"](exact.clone()).sum()
    plain = 0.5 * exact * (1 + torch.tanh(0.797885 * exact + 0.035677 * exact**3))
    plain.sum().backward()
    assert (found - exact.grad).abs().max() > 0.1


def test_every_function_of_darknet_has_a_slope_here():
    known = {*OF_OUTPUT, *OF_INPUT, *OVER_CHANNELS}
    assert known == set(ACTIVATIONS) - ACTIVATION_EXTENSIONS


@pytest.mark.parametrize("name", OVER_CHANNELS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_channels_delta_is_multiplied_by_the_sum_over_channels(name, seed):
    """Source: activations.c gradient_array_normalize_channels and ..._softmax."""
    make = torch.Generator().manual_seed(seed)
    x = (torch.randn(2, 4, 2, 3, generator=make)).requires_grad_()
    delta = torch.randn(2, 4, 2, 3, generator=make)
    out = ACTIVATIONS[name](x)
    out.backward(delta)
    out, expected = out.detach(), np.zeros(x.shape)
    for n, i, j in np.ndindex(2, 2, 3):
        total = sum(float(out[n, k, i, j]) * float(delta[n, k, i, j]) for k in range(4))
        for k in range(4):
            own = float(delta[n, k, i, j])
            is_multiplied = name != "normalize_channels" or out[n, k, i, j] > 0
            expected[n, k, i, j] = own * total if is_multiplied else own
    np.testing.assert_allclose(x.grad, expected, rtol=1e-4, atol=1e-6)  # float32


@pytest.mark.parametrize("name", ["gelu", "stair", *OVER_CHANNELS])
def test_the_gradients_of_c_change_no_value(name):
    x = torch.randn(2, 4, 2, 3, generator=torch.Generator().manual_seed(3))
    with_gradient = ACTIVATIONS[name](x.clone().requires_grad_())
    assert with_gradient.requires_grad
    assert torch.equal(with_gradient.detach(), ACTIVATIONS[name](x))
