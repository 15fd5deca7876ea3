"""Batch normalisation as in normalize_cpu, mean_cpu and variance_cpu."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.ops.normalization import affine, batch_norm, divisor, with_divisor

SCALES, BIASES = torch.tensor([1.5, -0.5, 1.0]), torch.tensor([0.25, 0.0, -1.0])
CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32, values near 1


def rolling():
    return torch.tensor([0.5, -1.0, 0.0]), torch.tensor([0.25, 2.0, 1e-7])


def picture(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def deviation(variance, inside):
    return math.sqrt(variance + 1e-5) if inside else math.sqrt(variance) + 1e-6


def plainly(x, mean, variance, inside):
    out = np.empty(x.shape)
    for at in np.ndindex(*x.shape):
        c = at[1]
        normal = (float(x[at]) - mean[c]) / deviation(variance[c], inside)
        out[at] = normal * SCALES[c] + BIASES[c]
    return out


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 2, 4), (4, 3), (1, 3, 1, 1)])
def test_evaluation_normalises_by_the_rolling_values(shape, inside):
    x, (mean, variance) = picture(*shape), rolling()
    out = batch_norm(x, SCALES, BIASES, mean, variance, epsilon_inside_root=inside)
    expected = plainly(x, *(values.double().numpy() for values in rolling()), inside)
    np.testing.assert_allclose(out, expected, **CLOSE)
    for value, before in zip((mean, variance), rolling(), strict=True):
        torch.testing.assert_close(value, before, rtol=0, atol=0)


def test_the_two_positions_of_epsilon_differ_where_the_variance_is_small():
    x, (mean, variance) = picture(2, 3, 1, 1), rolling()
    inside = batch_norm(x, SCALES, BIASES, mean, variance, epsilon_inside_root=True)
    outside = batch_norm(x, SCALES, BIASES, mean, variance, epsilon_inside_root=False)
    ratio = (outside + 1)[:, 2] / (inside + 1)[:, 2]  # without its bias, with its scale of 1
    expected = deviation(1e-7, True) / deviation(1e-7, False)
    torch.testing.assert_close(ratio.flatten(), torch.full((2,), expected), rtol=1e-4, atol=0)


VARIANCES = torch.cat((torch.zeros(1), torch.logspace(-9, 3, 61))).double()


@pytest.mark.parametrize("inside", [True, False])
def test_the_divisor_follows_the_position_of_epsilon(inside):
    expected = [deviation(variance, inside) for variance in VARIANCES.tolist()]
    got = divisor(VARIANCES, epsilon_inside_root=inside)
    np.testing.assert_allclose(got, expected, rtol=1e-14)  # float64


@pytest.mark.parametrize("wanted_inside", [True, False])
@pytest.mark.parametrize("inside", [True, False])
def test_with_divisor_gives_the_factor_of_the_target_divisor(inside, wanted_inside):
    scales = torch.linspace(-2, 2, len(VARIANCES), dtype=torch.float64)
    wanted = divisor(VARIANCES, epsilon_inside_root=wanted_inside)
    new_scales, variance = with_divisor(scales, wanted, epsilon_inside_root=inside)
    got = new_scales / divisor(variance, epsilon_inside_root=inside)
    # Float64; a variance of 1e-9 is the difference of numbers 1e4 times as large.
    np.testing.assert_allclose(got, scales / wanted, rtol=1e-11)
    assert (variance >= 0).all()
    reachable = wanted > divisor(torch.zeros(()), epsilon_inside_root=inside)
    torch.testing.assert_close(new_scales[reachable], scales[reachable], rtol=0, atol=0)
    if inside == wanted_inside:
        np.testing.assert_allclose(variance, VARIANCES, rtol=1e-6, atol=1e-18)


def test_a_divisor_below_every_variance_changes_the_scales():
    scales = torch.ones(1, dtype=torch.float64)
    wanted = torch.tensor([1e-3], dtype=torch.float64)
    new_scales, variance = with_divisor(scales, wanted, epsilon_inside_root=True)
    assert variance.tolist() == [0]
    assert new_scales.item() == pytest.approx(math.sqrt(1e-5) / 1e-3, rel=1e-12)


@pytest.mark.parametrize("inside", [True, False])
def test_the_affine_form_is_the_same(inside):
    x, (mean, variance) = picture(2, 3, 2, 2).double(), rolling()
    factor, shift = affine(SCALES, BIASES, mean, variance, epsilon_inside_root=inside)
    statistics = (values.double().numpy() for values in rolling())
    got = x * factor.view(1, 3, 1, 1) + shift.view(1, 3, 1, 1)
    np.testing.assert_allclose(got, plainly(x, *statistics, inside), **CLOSE)
