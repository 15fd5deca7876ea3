"""The device on which the tests of this folder run."""

import pytest
import torch

from tests.gpu.chosen_device import chosen_device


@pytest.fixture(scope="session")
def device():
    """See `chosen_device`."""
    return chosen_device()


@pytest.fixture(autouse=True)
def _memory(device):
    """Give memory back after each test, so that other programs can use the GPU, too."""
    yield
    if device.type == "cuda":
        torch.cuda.empty_cache()
