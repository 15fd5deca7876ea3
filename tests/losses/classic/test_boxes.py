"""The losses of boxes: their gradients, and boxes of extreme sizes."""

import math

import pytest
import torch

from darknet_torch.losses.classic.boxes import BOX_LOSSES, BoxPairs, box_iou
from darknet_torch.losses.classic.settings import BOX_LOSS_NAMES

TRUTHS = torch.tensor([[50.0, 40, 30, 20], [20, 20, 8, 30], [70, 50, 10, 10]], dtype=torch.double)
NEAR = torch.tensor([[53.0, 38, 24, 27], [22, 13, 12, 21], [40, 20, 7, 9]], dtype=torch.double)


def pairs(predicted, truths=TRUTHS):
    return BoxPairs(predicted, truths, predicted / 10, truths / 10)


def test_each_name_has_a_function():
    assert tuple(BOX_LOSSES) == BOX_LOSS_NAMES


def gradient_of(loss, boxes):
    boxes = boxes.clone().requires_grad_()
    return torch.autograd.grad(loss(boxes).sum(), boxes)[0]


def differences(loss, boxes, step=1e-6):
    """The gradient by finite differences; each loss depends on its own box alone."""
    found = torch.zeros_like(boxes)
    for value in range(4):
        shift = torch.zeros(4, dtype=boxes.dtype)
        shift[value] = step
        found[:, value] = (loss(boxes + shift) - loss(boxes - shift)) / (2 * step)
    return found


@pytest.mark.parametrize("name", ["mse", "iou", "giou", "diou"])
def test_the_gradient_is_the_derivative(name):
    def loss(boxes):
        return BOX_LOSSES[name](pairs(boxes))

    found = gradient_of(loss, NEAR)
    torch.testing.assert_close(found, differences(loss, NEAR), rtol=1e-6, atol=1e-8)
    assert found.abs().sum() > 0.1


def test_the_gradient_of_ciou_takes_alpha_as_a_constant():
    angle = (TRUTHS[:, 2] / TRUTHS[:, 3]).atan() - (NEAR[:, 2] / NEAR[:, 3]).atan()
    v = 4 / math.pi**2 * angle**2
    alpha = v / (1 - box_iou(NEAR, TRUTHS) + v)

    def with_constant_alpha(boxes):
        angle = (TRUTHS[:, 2] / TRUTHS[:, 3]).atan() - (boxes[:, 2] / boxes[:, 3]).atan()
        return BOX_LOSSES["diou"](pairs(boxes)) + alpha * 4 / math.pi**2 * angle**2

    found = gradient_of(lambda boxes: BOX_LOSSES["ciou"](pairs(boxes)), NEAR)
    expected = differences(with_constant_alpha, NEAR)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", BOX_LOSS_NAMES[1:])
def test_a_box_on_its_truth_has_no_loss(name):
    assert BOX_LOSSES[name](pairs(TRUTHS)).abs().max() < 1e-6


@pytest.mark.parametrize("name", ["giou", "diou", "ciou"])
def test_a_box_next_to_its_truth_is_drawn_towards_it(name):
    gradient = gradient_of(lambda boxes: BOX_LOSSES[name](pairs(boxes, TRUTHS[2:])), NEAR[2:])
    assert (gradient[0, :2] < 0).all()  # the truth lies to the right, and below


@pytest.mark.parametrize("name", BOX_LOSS_NAMES)
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e6])
def test_losses_and_gradients_of_extreme_sizes_are_finite(name, size):
    boxes = torch.tensor([[50.0, 40, size, size], [50, 40, size, 10]]).requires_grad_()
    losses = BOX_LOSSES[name](pairs(boxes, TRUTHS[:2].float()))
    (gradient,) = torch.autograd.grad(losses.sum(), boxes)
    assert losses.isfinite().all()
    assert gradient.isfinite().all()
