"""Within a step no number is read back from the device, which would wait for it."""

import pytest
import torch

from darknet_torch.training.loop import TrainingLoop
from tests.gpu.read_backs import no_read_backs
from tests.training.training_cases import case_of

pytestmark = pytest.mark.cuda


@pytest.mark.parametrize(
    "read",
    [
        lambda values: float(values.sum()),
        lambda values: bool((values > 0).all()),
        lambda values: values[values > 0],
        lambda values: values.nonzero(),
        lambda values: values.unique(),
        lambda values: values.__setitem__(values > 0, values[0]),
    ],
)
def test_reading_is_seen(read, device):
    values = torch.arange(5.0, device=device)
    with pytest.raises((AssertionError, RuntimeError)), no_read_backs(device):
        read(values)


def test_computing_is_none(device):
    values = torch.arange(5.0, device=device)
    with no_read_backs(device):
        values = torch.where(values > 2, values.softmax(0), 0.0).cumsum(0)[1:]
    assert values.sum() > 0


def test_an_update_by_yolo_reads_nothing(device):
    case = case_of("yolo_two_heads")
    network = case.network("alexeyab").to(device)
    loop = TrainingLoop(network)
    loop.reads_late = True  # as on a GPU by default
    batches = case.mini_batches(device)
    loop.train_iteration(batches[:2])  # the optimizer makes its momentum
    with no_read_backs(device):
        assert loop.train_iteration(batches[2:]) is None
    assert loop.settle().iteration == 2
