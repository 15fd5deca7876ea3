"""What each precision computes on the device, in inference and in training."""

import math

import pytest
import torch

from darknet_torch.model.noise_statistics import noise
from darknet_torch.ops.precision import Precision
from darknet_torch.ops.precision_names import FLOAT32 as FULL
from darknet_torch.ops.precision_names import HALVES, TF32
from darknet_torch.training.loop import TrainingLoop
from tests.gpu.shipped import shipped_network
from tests.training.differences import FLOAT32, largest_difference
from tests.training.training_cases import case_of, update_now

pytestmark = pytest.mark.cuda
_UPDATES = 24  # GradScaler starts with a factor that is too large, and halves it


def computes_tf32(device):
    """Whether the device has units for TF32: those since Ampere."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


@torch.inference_mode()
def difference_from_float64(device, precision):
    """The largest difference of an output from that of float64 on the CPU, layer by layer."""
    network = shipped_network("yolov3-tiny")
    images = noise(network, 2, seed=1)
    expected = network.double().layer_outputs(images.double())
    network = network.float().to(device)
    with Precision.named(precision).computing(device):
        found = network.layer_outputs(images.to(device))
    return max(map(largest_difference, found, expected))


def test_float32_has_no_tf32(device):
    assert difference_from_float64(device, FULL) <= FLOAT32


def test_tf32_is_seen(device):
    if not computes_tf32(device):
        pytest.skip(f"{device} has no units for TF32")
    assert difference_from_float64(device, TF32) > FLOAT32


def losses_of_training(precision, device):
    """The losses of `_UPDATES` updates with the same pictures; the weights must have changed."""
    case = case_of("yolo_two_heads")
    network = case.network("alexeyab").to(device)
    before = [slot.tensor.detach().clone() for _, slot in network.slots()]
    loop = TrainingLoop(network, precision=Precision.named(precision))
    mini_batches = case.mini_batches(device)[:2]
    losses = [update_now(loop, mini_batches).loss for _ in range(_UPDATES)]
    for (_, slot), old in zip(network.slots(), before, strict=True):
        assert slot.tensor.dtype == torch.float32
        assert not torch.equal(slot.tensor, old)
    return losses


@pytest.mark.parametrize("precision", HALVES)
def test_halves_train_as_float32_does(precision, device):
    exact, found = losses_of_training(FULL, device), losses_of_training(precision, device)
    assert all(map(math.isfinite, found))
    assert found[0] == pytest.approx(exact[0], rel=0.02)  # bfloat16 keeps 8 bits
    assert found[-1] < exact[0] / 2
    assert exact[-1] < exact[0] / 2
