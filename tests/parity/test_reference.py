"""All recorded results, where they are at hand."""

import pytest

from darknet_torch.errors import UnsupportedError
from tests.conftest import reference_folder
from tools.parity import check_forward
from tools.parity_detect import check_detect

FOLDER = reference_folder()


def records(kind):
    found = sorted((FOLDER / kind).glob("*.json")) if FOLDER else []
    return found or [pytest.param(None, marks=pytest.mark.skip("no recorded results here"))]


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
    try:
        finding = check_forward(path, FOLDER.parent / "cfg")
    except UnsupportedError as error:
        pytest.skip(str(error))
    assert finding.passed, str(finding)
