"""The project's own copies of recorded results, against its own definitions."""

from pathlib import Path

import pytest

from darknet_torch.zoo import definitions_folder
from tools.parity import check_forward

DATA = Path(__file__).parent / "data"
LAYERS = sorted((DATA / "layers").glob("*.json"))
FORWARD = sorted((DATA / "forward").glob("*.json"))


@pytest.mark.parametrize("path", LAYERS + FORWARD, ids=lambda path: path.stem)
def test_every_layer_gives_what_c_gave(path):
    finding = check_forward(path, definitions_folder())
    assert finding.passed, str(finding)


def test_the_copies_are_there():
    assert len(LAYERS) >= 29
    assert len(FORWARD) >= 5
