"""Batch normalisation in training, forward and backward, against the loops of C."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.ops.arithmetic import FAST, CArithmetic
from darknet_torch.ops.normalization import fused_batch_norm

SHAPES = [(2, 3, 2, 4), (3, 3, 1, 5), (6, 3)]
STEP = 0.1


def given(shape, seed=1):
    """x, scales, biases, rolling mean, rolling variance and a gradient, channel 2 nearly flat."""
    make = torch.Generator().manual_seed(seed)
    x = torch.randn(*shape, generator=make) * 2 + 1
    x[:, 2] = 1 + 1e-3 * x[:, 2]  # a variance as small as the epsilon
    scales = torch.tensor([1.5, -0.5, 1.0])
    biases = torch.tensor([0.25, 0.0, -1.0])
    rolling = torch.tensor([0.5, -1.0, 0.0]), torch.tensor([0.25, 2.0, 1e-7])
    return x, scales, biases, *rolling, torch.randn(*shape, generator=make)


def places(shape, channel):
    return [at for at in np.ndindex(*shape) if at[1] == channel]


def plain_forward(x, scales, biases, inside):
    """Output, means and variances, loop by loop."""
    out = np.zeros(x.shape)
    means, variances = [], []
    for c in range(3):
        at = places(x.shape, c)
        mean = sum(float(x[i]) for i in at) / len(at)
        variance = sum((float(x[i]) - mean) ** 2 for i in at) / (len(at) - 1)
        below = math.sqrt(variance + 1e-5) if inside else math.sqrt(variance) + 1e-6
        for i in at:
            out[i] = float(scales[c]) * ((float(x[i]) - mean) / below) + float(biases[c])
        means.append(mean)
        variances.append(variance)
    return out, means, variances


def plain_backward(x, scales, delta, inside):
    """Deltas of input, scales and biases.

    Source: batchnorm_layer.c backward_scale_cpu, mean_delta_cpu, variance_delta_cpu,
    normalize_delta_cpu.
    """
    _, means, variances = plain_forward(x, scales, [0, 0, 0], inside)
    into_x, into_scales, into_biases = np.zeros(x.shape), [], []
    for c, mean, variance in zip(range(3), means, variances, strict=True):
        at = places(x.shape, c)
        below = math.sqrt(variance + 1e-5) if inside else math.sqrt(variance) + 1e-6
        into_biases.append(sum(float(delta[i]) for i in at))
        into_scales.append(sum(float(delta[i]) * (float(x[i]) - mean) / below for i in at))
        scaled = {i: float(delta[i]) * float(scales[c]) for i in at}
        mean_delta = sum(scaled.values()) * -1 / math.sqrt(variance + 1e-5)
        variance_delta = sum(scaled[i] * (float(x[i]) - mean) for i in at)
        variance_delta *= -0.5 * (variance + 1e-5) ** -1.5
        # AlexeyAB's code adds the epsilon after the root here.
        root = math.sqrt(variance) + 1e-5 if inside else math.sqrt(variance + 1e-5)
        for i in at:
            own = scaled[i] / root
            spread = variance_delta * 2 * (float(x[i]) - mean) / len(at)
            into_x[i] = own + spread + mean_delta / len(at)
    return into_x, into_scales, into_biases


ARITHMETICS = {"fast": FAST, "c_order": CArithmetic(ALEXEYAB)}


def trained(values, inside, arithmetic="fast", cudnn=False):
    """Output, gradients of x, scales and biases, rolling mean and variance."""
    x, scales, biases, mean, variance, gradient = values
    parameters = [part.clone().requires_grad_() for part in (x, scales, biases)]
    rolling = [mean.clone(), variance.clone()]
    if cudnn:
        out = fused_batch_norm(*parameters, *rolling, STEP, over_one_less=False)
    else:
        chosen = ARITHMETICS[arithmetic]
        out = chosen.batch_norm(*parameters, *rolling, STEP, epsilon_inside_root=inside)
    out.backward(gradient)
    return out.detach(), *(part.grad for part in parameters), *rolling


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_training_normalises_by_the_batch_and_updates_rolling_values(shape, inside, arithmetic):
    values = given(shape)
    x, scales, biases, mean, variance, _ = values
    out, *_, rolled_mean, rolled_variance = trained(values, inside, arithmetic=arithmetic)
    expected, means, variances = plain_forward(x, scales, biases, inside)
    # Float32 keeps 4 digits of values that differ from their mean by a thousandth of it.
    np.testing.assert_allclose(out[:, :2], expected[:, :2], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(out[:, 2], expected[:, 2], rtol=1e-3, atol=1e-3)
    rows = ((rolled_mean, mean, means), (rolled_variance, variance, variances))
    for rolled, before, new in rows:
        wanted = (1 - STEP) * before.double().numpy() + STEP * np.array(new)
        np.testing.assert_allclose(rolled, wanted, rtol=1e-5, atol=1e-7)


# With the epsilon inside the root the fast gradient is the derivative: see below.
@pytest.mark.parametrize(
    ("arithmetic", "inside"), [("fast", False), ("c_order", False), ("c_order", True)]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_its_gradient_is_that_of_cs_loops(shape, inside, arithmetic):
    values = given(shape)
    x, scales, *_, gradient = values
    _, *found, _, _ = trained(values, inside, arithmetic=arithmetic)
    for part, expected in zip(found, plain_backward(x, scales, gradient, inside), strict=True):
        expected, part = np.array(expected), part.numpy()
        steep = np.abs(expected).max()
        # Float32, and terms that cancel to a few hundredths of themselves.
        np.testing.assert_allclose(part, expected, rtol=2e-3, atol=2e-5 * steep)


def derivative(values):
    """Gradients of x, scales and biases of the normalisation by the variance over N - 1."""
    x, scales, biases, _, _, gradient = (part.double() for part in values)
    parameters = [part.requires_grad_() for part in (x, scales, biases)]
    dims, view = [0, *range(2, x.dim())], [1, 3] + [1] * (x.dim() - 2)
    below = (x.var(dims, keepdim=True) + 1e-5).sqrt()
    normal = (x - x.mean(dims, keepdim=True)) / below
    (normal * scales.view(view) + biases.view(view)).backward(gradient)
    return [part.grad for part in parameters]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_fast_gradient_is_the_derivative(shape):
    values = given(shape)
    _, *found, _, _ = trained(values, True)
    for part, expected in zip(found, derivative(given(shape)), strict=True):
        steep = float(expected.abs().max())
        # Float32, and terms that cancel to a few hundredths of themselves.
        np.testing.assert_allclose(part, expected, rtol=2e-3, atol=2e-5 * steep)


@pytest.mark.parametrize(("spread", "bound"), [(0.1, 5e-4), (0.0316, 5e-3)])
def test_how_far_alexeyabs_gradient_is_from_the_derivative(spread, bound):
    """Its own delta is divided by sqrt(variance) + 1e-5 in the place of sqrt(variance + 1e-5)."""
    x, *others = given((40, 3, 2, 4))
    values = (x[:, :1].repeat(1, 3, 1, 1) / x[:, 0].std() * spread, *others)
    _, into_x, *_ = trained(values, True, arithmetic="c_order")
    exact = derivative(values)[0]
    difference = float((into_x - exact).norm() / exact.norm())
    assert bound / 3 < difference < bound


def test_one_value_per_channel_becomes_its_bias():
    x, *others = given((1, 3))
    out, into_x, *_, rolled_mean, rolled_variance = trained((x, *others), True)
    # The difference of two float32 numbers of some hundred, the value times 1 / sqrt(1e-5).
    torch.testing.assert_close(out[0], others[1], rtol=0, atol=1e-4)
    assert not into_x.any()
    torch.testing.assert_close(rolled_mean, others[2].lerp(x[0], STEP))
    torch.testing.assert_close(rolled_variance, others[3], rtol=0, atol=0)  # not NaN


def test_over_n_it_equals_batch_norm_of_torch():
    values = given((2, 3, 2, 4))
    x, scales, biases, mean, variance, gradient = values
    out, *gradients, rolled_mean, rolled_variance = trained(values, True, cudnn=True)
    parameters = [part.clone().requires_grad_() for part in (x, scales, biases)]
    expected = functional.batch_norm(
        parameters[0], mean, variance, *parameters[1:], training=True, momentum=STEP, eps=1e-5
    )
    expected.backward(gradient)
    rows = zip(
        (out, *gradients, rolled_mean, rolled_variance),
        (expected.detach(), *(part.grad for part in parameters), mean, variance),
        strict=True,
    )
    for found, wanted in rows:
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)  # the same function
    count = x[:, 0].numel()
    by_one_less = plain_forward(x, scales, biases, True)[0][:, 0] - float(biases[0])
    ratio = (out[:, 0] - float(biases[0])).numpy() / by_one_less
    np.testing.assert_allclose(ratio, math.sqrt(count / (count - 1)), rtol=1e-4)


def test_statistics_in_cs_order_are_those_of_a_loop_over_float32():
    x = given((3, 3, 1, 5))[0]
    *_, rolled_mean, rolled_variance = trained(given((3, 3, 1, 5)), True, arithmetic="c_order")
    f = np.float32
    for c in range(3):
        at = places(x.shape, c)
        total = f(0)
        for i in at:
            total = f(total + f(x[i]))
        mean = f(total * f(1 / len(at)))
        total = f(0)
        for i in at:
            total = f(float(total) + float(f(f(x[i]) - mean)) ** 2)
        variance = f(total * f(1 / (len(at) - 1)))
        start = given((3, 3, 1, 5))[3:5]
        rolled = [
            before[c].lerp(torch.tensor(new), STEP)
            for before, new in zip(start, (mean, variance), strict=True)
        ]
        assert rolled_mean[c] == rolled[0]
        assert rolled_variance[c] == rolled[1]
