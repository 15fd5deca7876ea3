"""The device of the tests that need a GPU: a GPU, or what DTORCH_TEST_DEVICE names."""

import os

import pytest
import torch

VARIABLE = "DTORCH_TEST_DEVICE"


def chosen_device():
    """The device to test; without a GPU the test is skipped, unless the variable is set."""
    named = os.environ.get(VARIABLE)
    if named:
        return torch.device(named)
    if not torch.cuda.is_available():
        pytest.skip(f"PyTorch finds no CUDA device; {VARIABLE}=cpu runs the tests without one")
    return torch.device("cuda")
