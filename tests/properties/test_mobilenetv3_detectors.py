"""The shipped MobileNetV3 detectors run, and gradients reach all of their parameters."""

import pytest
import torch

import darknet_torch as dt
from darknet_torch.cfg.dialect import ALEXEYAB, without_bugs
from darknet_torch.errors import CfgNote

SIDE = 64


@pytest.fixture(params=["yolov3-mobilenetv3-large", "yolov3-mobilenetv3-small"])
def network(request):
    torch.manual_seed(0)
    with pytest.warns(CfgNote, match="is an extension of darknet_torch"):
        # AlexeyAB's training without its bugs, so that biases after normalisation are trained.
        return dt.load(request.param, width=SIDE, height=SIDE, dialect=without_bugs(ALEXEYAB))


def test_there_is_a_head_at_each_of_three_scales(network):
    assert {head.classes for head in network.heads} == {80}
    sides = [head.output_shape.height for head in network.heads]
    assert sides == [SIDE // 32, SIDE // 16, SIDE // 8]


def test_gradients_reach_every_parameter(network):
    outputs = network.train()(torch.rand(2, 3, SIDE, SIDE))
    sum(output.square().sum() for output in outputs).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name
