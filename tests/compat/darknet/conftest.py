"""Fixtures of the tests of compat.darknet."""

import pytest

from darknet_torch.compat import darknet
from tests.compat.darknet.toy import CFG, NAMES, WEIGHTS
from tests.toy.files import PICTURE


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "toy.data"
    file.write_text(f"classes = 3\nnames = {NAMES}\n")
    return str(file)


@pytest.fixture
def network():
    return darknet.load_net_custom(CFG.encode(), WEIGHTS.encode(), 0, 1)


@pytest.fixture
def picture():
    return darknet.load_image(str(PICTURE).encode(), 160, 160)
