"""The devices on which the tests of this folder run: the CPU, and with make test-gpu a GPU."""

import pytest
import torch

from tests.gpu.chosen_device import chosen_device


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request):
    """A CPU, where all numbers are equal; or a GPU, if the tests marked cuda are asked for."""
    return torch.device("cpu") if request.param == "cpu" else chosen_device()
