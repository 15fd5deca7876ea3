"""[softmax] against its definition."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network


def build(options, net="channels=3\nheight=2\nwidth=4"):
    return build_network(parse_cfg("\n".join([f"[net]\n{net}", "[softmax]", *options.split()])))


def softmax(values, temperature):
    largest = max(values)
    raised = [math.exp((value - largest) / temperature) for value in values]
    return [one / sum(raised) for one in raised]


@pytest.mark.parametrize(
    ("options", "groups", "temperature"),
    [
        ("", 1, 1),
        ("groups=4", 4, 1),
        ("temperature=2.5", 1, 2.5),
        ("groups=3 temperature=.5", 3, 0.5),
    ],
)
def test_each_group_of_values_in_memory_order_adds_up_to_one(options, groups, temperature):
    x = 3 * torch.randn(2, 3, 2, 4, generator=torch.Generator().manual_seed(1))
    (out,) = build(options)(x)
    assert out.shape == x.shape
    for image, result in zip(x.double().numpy(), out.numpy(), strict=True):
        expected = [softmax(part, temperature) for part in image.reshape(groups, -1)]
        # exp in float32
        np.testing.assert_allclose(result.reshape(groups, -1), expected, rtol=1e-5, atol=1e-7)


def test_large_values_do_not_overflow():
    (out,) = build("", "inputs=2")(torch.tensor([[1000.0, 0.0]]))
    assert out.flatten().tolist() == [1, 0]


def test_groups_that_do_not_divide_the_input_are_refused():
    with pytest.raises(CfgError, match=r"groups=5 does not divide its input.*got 24 values"):
        build("groups=5")
