"""All recorded results, where they are at hand."""

import pytest

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
    finding = check_detect(path, shared / "models", shared / "images")
    assert finding.passed, str(finding)


@pytest.mark.long
@pytest.mark.parametrize("path", records("forward"), ids=name)
def test_every_layer_of_every_network_gives_what_c_gave(path):
    finding = check_forward(path, FOLDER.parent / "cfg")
    assert finding.passed, str(finding)


@pytest.mark.long
@pytest.mark.parametrize("path", records("train"), ids=name)
def test_training_goes_as_it_did_in_c_with_every_network(path):
    finding = check_training(path, FOLDER.parent / "cfg")
    assert finding.passed, str(finding)
