"""The device on which the tests of this folder run: a GPU, or what DTORCH_TEST_DEVICE names."""

import os

import pytest
import torch

VARIABLE = "DTORCH_TEST_DEVICE"


@pytest.fixture(scope="session")
def device():
    """The device to test; without a GPU the tests are skipped, unless the variable is set."""
    named = os.environ.get(VARIABLE)
    if named:
        return torch.device(named)
    if not torch.cuda.is_available():
        pytest.skip(f"PyTorch finds no CUDA device; {VARIABLE}=cpu runs the tests without one")
    return torch.device("cuda")


@pytest.fixture(autouse=True)
def _memory(device):
    """Give memory back after each test, so that other programs can use the GPU, too."""
    yield
    if device.type == "cuda":
        torch.cuda.empty_cache()
