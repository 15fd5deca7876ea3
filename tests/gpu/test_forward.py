"""The output of every layer of every shipped definition, compared with the CPU."""

import copy

import pytest
import torch

from darknet_torch.model.noise_statistics import noise
from darknet_torch.ops.precision import FULL_PRECISION
from tests.gpu.shipped import DEFINITIONS, shipped_network
from tests.training.differences import FLOAT32, largest_difference

pytestmark = pytest.mark.cuda


@torch.inference_mode()
def outputs_of_layers(network, images, device):
    """The output of each layer on a device, in float32."""
    network.reset_state()
    with FULL_PRECISION.computing(device):
        return network.to(device).layer_outputs(images.to(device))


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_layer_equals_that_of_the_cpu(name, device):
    network = shipped_network(name)
    images = noise(network, 2, seed=1)
    expected = outputs_of_layers(network, images, torch.device("cpu"))
    found = outputs_of_layers(network, images, device)
    differences = list(map(largest_difference, found, expected))
    worst = max(range(len(differences)), key=differences.__getitem__)
    where = f"layer {worst} [{network.layers[worst].section}] of {name}"
    assert differences[worst] <= FLOAT32, where


def test_products_of_fewer_bits_are_seen(device):
    """Weights with the 10 bits of TF32, in one layer, are beyond the bound there."""
    network = shipped_network("yolov3-tiny")
    images = noise(network, 2, seed=1)
    rounded = copy.deepcopy(network)
    (weights,) = (
        slot.tensor for slot in rounded.layers[4].weight_slots() if slot.name == "weights"
    )
    weights.data.copy_(weights.half())  # a half has 10 bits, too
    expected = outputs_of_layers(network, images, device)
    found = outputs_of_layers(rounded, images, device)
    assert largest_difference(found[3], expected[3]) <= FLOAT32
    assert largest_difference(found[4], expected[4]) > FLOAT32


def test_a_batch_equals_its_pictures_one_by_one(device):
    network = shipped_network("yolov3-tiny")
    images = noise(network, 3, seed=1)
    together = outputs_of_layers(network, images, device)
    for index, image in enumerate(images.split(1)):
        alone = outputs_of_layers(network, image, device)
        differences = [
            largest_difference(one, many[index : index + 1])
            for one, many in zip(alone, together, strict=True)
        ]
        assert max(differences) <= FLOAT32
