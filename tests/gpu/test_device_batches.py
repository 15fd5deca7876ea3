"""Mini-batches on a GPU, copied while it computes."""

import pytest
import torch

from darknet_torch.training.batches import TrainBatch, float_images
from darknet_torch.training.device_batches import CudaCopier, copier_for, device_batches

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.fixture
def device():
    return torch.device("cuda", torch.cuda.current_device())


def test_the_gpu_makes_the_floats_of_the_cpu(device):
    values = torch.arange(256, dtype=torch.uint8).reshape(1, 4, 8, 8)
    batches = [TrainBatch(values, torch.ones(1, 3)).pin_memory()]
    assert batches[0].images.is_pinned()
    copier = copier_for(device)
    assert isinstance(copier, CudaCopier)
    (found,) = device_batches(batches, copier, memory_format=torch.channels_last)
    assert found.images.device == found.truths.device == device
    assert found.images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(found.images.cpu(), float_images(values))


def test_no_copy_overwrites_a_mini_batch_that_is_still_read(device):
    """The GPU still multiplies matrices when each mini-batch is used and let go."""
    matrix = torch.rand(2048, 2048, device=device)

    def batches():
        for number in range(30):
            images = torch.full((8, 3, 416, 416), number, dtype=torch.uint8)
            yield TrainBatch(images, torch.full((8, 90, 5), float(number))).pin_memory()

    ends = []
    for batch in device_batches(batches(), copier_for(device)):
        for _ in range(20):
            matrix = torch.nn.functional.normalize(matrix @ matrix)
        ends.append(torch.stack((*batch.images.aminmax(), *batch.truths.aminmax())))
        del batch
    numbers = torch.arange(30.0)
    expected = torch.stack((numbers / 255, numbers / 255, numbers, numbers), 1)
    assert torch.equal(torch.stack(ends).cpu(), expected)
