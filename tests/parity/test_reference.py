"""All recorded results, where they are at hand."""

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
def test_detections_are_those_of_c(path):
    shared = FOLDER.parent
    deviation = check_detect(path, shared / "models", shared / "images")
    assert deviation.passed, str(deviation)


@pytest.mark.long
@pytest.mark.parametrize("path", records("forward"), ids=name)
def test_every_layer_of_every_network_gives_what_c_gave(path):
    deviation = check_forward(path, FOLDER.parent / "cfg")
    assert deviation.passed, str(deviation)


# Of a large network some value always lies within rounding of zero. Gradients are sums whose
# order depends on the number of threads, as that of C's on its compiler; behind a few updates
# one of them falls as C's did. A fault falls wrong with all.
THREADS = (1, 2, 3)


@pytest.fixture
def threads():
    """What sets the number of threads, for the time of a test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.long
@pytest.mark.parametrize("path", records("train"), ids=name)
def test_training_goes_as_it_did_in_c_with_every_network(path, threads):
    deviations = []
    for number in THREADS:
        threads(number)
        deviations.append(check_training(path, FOLDER.parent / "cfg"))
        if deviations[-1].passed:
            return
    pytest.fail("; ".join(map(str, deviations)))
