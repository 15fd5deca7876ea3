"""The PyTorch backend."""

import torch

from darknet_torch.inference.backends import find_backend
from tests.conversion.small_models import DETECTOR, pictures, trained_network


def test_torch_runs_the_network_in_its_own_precision():
    network = trained_network(DETECTOR)
    images = pictures(2, 3, 32, 32)
    (found,) = find_backend("torch", network).predict(images.numpy())
    with torch.inference_mode():
        torch.testing.assert_close(found, network(images)[0], rtol=0, atol=0)
    (double,) = find_backend("torch", network.double()).predict(images.numpy())
    assert double.dtype == torch.float64
