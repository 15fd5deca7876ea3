"""Activations rounded as C's, to the bit."""

import numpy as np
import pytest
import torch

from darknet_torch.ops import c_order_rounding

F = np.float32
X = torch.randn(3, 1, 3, 3, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("doubles", "first"), [("all", 0), ("tail", 24), ("none", 27)])
def test_leaky_multiplies_by_a_double_where_the_dialect_does(doubles, first):
    """27 values are three vectors of 8 and 3 left over."""
    found = c_order_rounding.leaky(X, doubles).flatten().tolist()
    for place, (value, out) in enumerate(zip(X.flatten().tolist(), found, strict=True)):
        slope = 0.1 if place >= first else F(0.1)
        assert out == (
            value if value > 0 else F(slope * F(value) if place < first else 0.1 * value)
        )


def test_a_whole_last_vector_is_left_over_too():
    x = -torch.rand(1, 1, 2, 4, generator=torch.Generator().manual_seed(2))
    assert torch.equal(c_order_rounding.leaky(x, "tail"), c_order_rounding.leaky(x, "all"))
    assert not torch.equal(c_order_rounding.leaky(x, "tail"), c_order_rounding.leaky(x, "none"))


def test_the_slope_of_leaky_is_a_float():
    x = X.clone().requires_grad_()
    c_order_rounding.leaky(x, "all").backward(torch.ones_like(x))
    assert torch.equal(x.grad, torch.where(X > 0, 1.0, 0.1))


@pytest.mark.parametrize("in_double", [False, True])
def test_the_logistic_function_is_rounded_once_or_at_each_step(in_double):
    found = c_order_rounding.logistic(X, in_double=in_double).flatten().tolist()
    for value, out in zip(X.flatten().tolist(), found, strict=True):
        raised = np.exp(-np.float64(value))
        if in_double:
            assert out == F(1 / (1 + raised))
        else:
            # C libraries may differ by one unit in the last place of expf.
            steps = [np.nextafter(F(raised), way) for way in (F(0), F(raised), F(9e9))]
            assert out in [F(1) / (F(1) + step) for step in steps]


def test_a_softmax_adds_one_after_the_other():
    x = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(3)) * 4
    found = c_order_rounding.softmax(x, 1).numpy()
    for n, k in np.ndindex(2, 3):
        values = x[n, :, k].numpy()
        raised = [F(np.exp(np.float64(value - values.max()))) for value in values]
        total = F(0)
        for value in raised:
            total = F(total + value)
        np.testing.assert_array_equal(found[n, :, k], [F(value / total) for value in raised])
    torch.testing.assert_close(torch.from_numpy(found), x.softmax(1))


def test_a_softmax_has_its_gradient():
    x, peer = (X.clone().double().requires_grad_() for _ in range(2))
    c_order_rounding.softmax(x, -1)[..., 0].sum().backward()
    peer.softmax(-1)[..., 0].sum().backward()
    torch.testing.assert_close(x.grad, peer.grad)


def test_a_mean_adds_one_after_the_other_and_shares_its_gradient():
    x = (torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(4))).requires_grad_()
    found = c_order_rounding.mean(x)
    assert found.shape == (2, 3, 1, 1)
    for n, c in np.ndindex(2, 3):
        total = F(0)
        for value in x[n, c].flatten().tolist():
            total = F(total + F(value))
        assert found[n, c].item() == F(total / F(20))
    delta = torch.randn(2, 3, 1, 1, generator=torch.Generator().manual_seed(5))
    found.backward(delta)
    assert torch.equal(x.grad, (delta / 20).expand(2, 3, 4, 5))


@pytest.mark.parametrize("in_double", [False, True])
def test_the_logistic_function_has_its_gradient(in_double):
    x, peer = (X.clone().requires_grad_() for _ in range(2))
    c_order_rounding.logistic(x, in_double=in_double).sum().backward()
    peer.sigmoid().sum().backward()
    torch.testing.assert_close(x.grad, peer.grad)
