"""Deltas that accumulate over mini-batches."""

import torch

from darknet_torch.ops.accumulated_delta import AccumulatedDelta


def input_gradient(accumulated, value, scale=1.0):
    """The gradient at the input of a layer of slope `scale` whose output gets `value`."""
    x = torch.zeros(2, requires_grad=True)
    accumulated.add_previous(accumulated.record(x) * scale).backward(torch.full((2,), value))
    return x.grad.tolist()


def test_a_gradient_is_added_to_the_recorded_one():
    accumulated = AccumulatedDelta()
    assert input_gradient(accumulated, 1.0) == [1, 1]
    assert input_gradient(accumulated, 2.0) == [3, 3]
    assert input_gradient(accumulated, -1.0) == [2, 2]


def test_the_recorded_delta_includes_the_slope():
    accumulated = AccumulatedDelta()
    assert input_gradient(accumulated, 1.0, scale=0.5) == [0.5, 0.5]
    assert input_gradient(accumulated, 1.0, scale=2.0) == [3, 3]


def test_a_mini_batch_of_another_size_starts_from_zero():
    accumulated = AccumulatedDelta()
    input_gradient(accumulated, 1.0)
    x = torch.zeros(3, requires_grad=True)
    accumulated.add_previous(accumulated.record(x)).sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_values_are_unchanged_and_the_graph_is_released():
    accumulated = AccumulatedDelta()
    x = torch.randn(4, requires_grad=True)
    assert torch.equal(accumulated.add_previous(accumulated.record(x)), x)
    accumulated.add_previous(accumulated.record(x)).sum().backward()
    assert not accumulated.delta.requires_grad
