"""Optimised networks compute what the plain ones do: every layer, every shipped definition."""

import copy

import pytest
import torch

from darknet_torch.cfg.zoo import shipped
from darknet_torch.model.loading import build
from darknet_torch.model.noise_statistics import noise, set_rolling_statistics
from tests.conversion.small_models import pictures, trained_network
from tests.properties.test_batches import CASES, NET

PJREDDIES = {"resnet18", "resnet50"}  # their shortcuts join different sizes
QUICK = {"yolo-fastest-1.1", "yolov4-tiny", "yolov3-mobilenetv3-small"}
DEFINITIONS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in shipped(".cfg")
]
PART = 1e-4  # of an output's largest value
SIDE = 96


def deviation(found, expected):
    """The largest difference, as a part of the largest expected value."""
    wanted = expected.detach().double()  # [implicit] gives its parameter
    difference = (found.detach().double() - wanted).abs().max()
    return float(difference / wanted.abs().max().clamp(min=1e-30))


@pytest.mark.parametrize(("dialect", "cfg"), CASES)
def test_every_layer(dialect, cfg):
    network = trained_network(NET + cfg, dialect)
    images = pictures(2, 8, 8, 24)
    with torch.no_grad():
        expected = network(images)
    network.reset_state()
    for found, wanted in zip(network.optimize()(images), expected, strict=True):
        assert deviation(found, wanted) < PART


def calibrated(name):
    """A shipped network whose rolling statistics are those of noise, and other noise.

    A row of a batch is a character of a text for networks that read characters.
    """
    sizes = {}
    dialect = "pjreddie" if name in PJREDDIES else "alexeyab"
    network = build(name, dialect=dialect)
    if network.heads and not any(layer.section == "connected" for layer in network.layers):
        sizes = {"width": SIDE, "height": SIDE}
    torch.manual_seed(0)
    network = build(name, dialect=dialect, **sizes)
    network.initialize()
    if network.net.is_picture:
        set_rolling_statistics(network, noise(network, 2))
    return network, noise(network, 2, seed=1)


@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgWarning")
@pytest.mark.parametrize("name", DEFINITIONS)
@torch.no_grad()
def test_every_shipped_definition(name):
    network, images = calibrated(name)
    if not network.net.is_picture:
        (expected,) = network(images)
        network.reset_state()
        assert deviation(network.optimize()(images)[0], expected) < PART
        return
    buffers = network.layer_outputs(images)
    optimized = network.optimize()
    maps = {-1: images, **dict(enumerate(buffers))}
    for step in optimized._program:
        layer = network.layers[step.index]
        if layer.buffer_shape == layer.output_shape:
            found = step.compute(*[maps[source].clone() for source in step.sources])
            assert deviation(found, buffers[step.index]) < PART, layer
    exact = copy.deepcopy(network).double()(images.double())
    plain = [deviation(*pair) for pair in zip(network(images), exact, strict=True)]
    found = [deviation(*pair) for pair in zip(optimized(images), exact, strict=True)]
    # A deep network with random weights magnifies the rounding of its first layers, also of the
    # plain ones: yolov7's outputs differ by 1e-3 from those in float64.
    assert all(mine < max(PART, 4 * other) for mine, other in zip(found, plain, strict=True))
