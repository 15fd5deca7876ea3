"""A delta on its way into autograd."""

import pytest
import torch

from darknet_torch.losses.base import Loss, attach_delta, squared


def handed(scale=1.0):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    delta = torch.tensor([[0.5, -1.0], [0.25, 2.0]])
    loss = Loss(delta.clone(), torch.tensor(7.0), scale)
    output, root = attach_delta(x, x.detach() * 10, loss)
    return x, delta, loss, output, root


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_the_gradient_is_the_negative_delta(scale):
    x, delta, loss, output, root = handed(scale)
    assert root.item() == 0
    assert torch.equal(output, x.detach() * 10)
    root.backward()
    assert torch.equal(x.grad, -scale * delta)
    assert torch.equal(loss.delta, delta)


def test_what_layers_behind_send_is_added_as_it_is_and_stands_in_the_delta():
    x, delta, loss, output, root = handed(0.5)
    (root + (output * torch.tensor([[1.0, 0.0], [0.0, 2.0]])).sum()).backward()
    behind = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    assert torch.equal(x.grad, -0.5 * delta + behind)
    assert torch.equal(loss.delta, delta - behind)


def test_a_gradient_scaler_scales_the_delta_on_its_way_alone():
    x, delta, loss, output, root = handed()
    ((root + output.sum()) * 1024).backward()
    assert torch.equal(x.grad, 1024 * (1 - delta))
    assert torch.equal(loss.delta, delta - 1)


def test_a_sum_of_squares_keeps_small_ones():
    delta = torch.cat((torch.tensor([4096.0]), torch.full((2**16,), 0.25)))
    assert squared(delta).item() == 4096**2 + 2**12
