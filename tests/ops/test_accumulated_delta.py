"""Deltas that outlive their mini-batch."""

import torch

from darknet_torch.ops.accumulated_delta import AccumulatedDelta


def passed(carried, value, scale=1.0):
    """What reaches a layer whose slope is `scale`, when `value` comes from behind."""
    x = torch.zeros(2, requires_grad=True)
    carried.start(carried.keep(x) * scale).backward(torch.full((2,), value))
    return x.grad.tolist()


def test_a_gradient_gets_the_last_one_on_top():
    carried = AccumulatedDelta()
    assert passed(carried, 1.0) == [1, 1]
    assert passed(carried, 2.0) == [3, 3]
    assert passed(carried, -1.0) == [2, 2]


def test_it_is_kept_with_the_slope_multiplied_into_it():
    carried = AccumulatedDelta()
    assert passed(carried, 1.0, scale=0.5) == [0.5, 0.5]
    assert passed(carried, 1.0, scale=2.0) == [3, 3]


def test_a_mini_batch_of_another_size_starts_anew():
    carried = AccumulatedDelta()
    passed(carried, 1.0)
    x = torch.zeros(3, requires_grad=True)
    carried.start(carried.keep(x)).sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_values_are_as_they_were_and_nothing_holds_the_graph():
    carried = AccumulatedDelta()
    x = torch.randn(4, requires_grad=True)
    assert torch.equal(carried.start(carried.keep(x)), x)
    carried.start(carried.keep(x)).sum().backward()
    assert not carried.delta.requires_grad
