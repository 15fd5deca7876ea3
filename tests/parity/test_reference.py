"""All recorded results, if they are available."""

import pytest
import torch

from tests.conftest import NO_REFERENCE, reference_folder
from tools.parity import check_forward, check_training
from tools.parity_detect import check_detect

FOLDER = reference_folder()


def records(kind):
    found = sorted((FOLDER / kind).glob("*.json")) if FOLDER else []
    return found or [pytest.param(None, marks=pytest.mark.skip(NO_REFERENCE))]


def name(path):
    return path.stem if path else "absent"


@pytest.mark.parametrize("path", records("detect"), ids=name)
def test_detections_equal_the_records(path):
    shared = FOLDER.parent
    deviation = check_detect(path, shared / "models", shared / "images")
    assert deviation.passed, str(deviation)


@pytest.mark.long
@pytest.mark.parametrize("path", records("forward"), ids=name)
def test_every_layer_of_every_network_equals_the_record(path):
    deviation = check_forward(path, FOLDER.parent / "cfg")
    assert deviation.passed, str(deviation)


# In a large network some value is always within rounding of zero. Gradients are sums whose order
# depends on the number of threads, and in C on the compiler; after a few updates one number of
# threads rounds as C did. A real mistake fails with all of them.
THREADS = (1, 2, 3)


@pytest.fixture
def threads():
    """A function that sets the number of threads until the test ends."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.long
@pytest.mark.parametrize("path", records("train"), ids=name)
def test_training_of_every_network_equals_the_record(path, threads):
    deviations = []
    for number in THREADS:
        threads(number)
        deviations.append(check_training(path, FOLDER.parent / "cfg"))
        if deviations[-1].passed:
            return
    pytest.fail("; ".join(map(str, deviations)))
