"""The delta of a loss reaches autograd and is recorded."""

import dataclasses

import pytest
import torch

from darknet_torch.losses.base import Loss, attach_delta
from tests.losses.cases import build, loss_context

DELTA = torch.tensor([[0.5, -1.0], [0.25, 2.0]])


def attached(scale=1.0):
    """A 2x2 input that requires a gradient, and what `attach_delta` returns for `DELTA`."""
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    loss = Loss(DELTA.clone(), torch.tensor(7.0), scale)
    output, root, record = attach_delta(x, x.detach() * 10, loss)
    return x, loss, output, root, record


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_the_input_gradient_is_the_negative_delta_times_its_scale(scale):
    x, _, output, root, record = attached(scale)
    assert root.item() == 0
    assert torch.equal(output, x.detach() * 10)
    root.backward()
    assert torch.equal(x.grad, -scale * DELTA)
    assert record.received is None
    assert torch.equal(record.total, DELTA)


def test_what_consumers_send_is_added_without_the_scale_and_recorded():
    x, _, output, root, record = attached(0.5)
    sent = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    assert record.received is None
    (root + (output * sent).sum()).backward()
    assert torch.equal(x.grad, -0.5 * DELTA + sent)
    assert torch.equal(record.received, -sent)
    assert torch.equal(record.total, DELTA - sent)


def test_backward_does_not_change_the_loss():
    _, loss, output, root, record = attached()
    (root + output.sum()).backward()
    assert torch.equal(loss.delta, DELTA)
    assert torch.equal(record.own, DELTA)


def test_a_gradient_scaler_scales_the_gradient_but_not_the_recorded_delta():
    x, _, output, root, record = attached()
    ((root + output.sum()) * 1024).backward()
    assert torch.equal(x.grad, 1024 * (1 - DELTA))
    assert torch.equal(record.total, DELTA - 1)


@pytest.mark.parametrize("name", ["delta", "cost", "parts", "cell_labels", "rejection"])
def test_a_loss_is_frozen(name):
    loss = Loss(DELTA, torch.tensor(7.0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(loss, name, None)


@pytest.mark.parametrize("name", ["earlier", "rejection", "seen", "assignments"])
def test_a_loss_context_is_frozen(name):
    made = loss_context(build("[cost]", 3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(made, name, None)
