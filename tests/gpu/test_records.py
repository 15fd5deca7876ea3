"""The recorded results of the C code, on the device."""

import pytest

pytest.importorskip("yaml", reason="the tools of the records read data sets, with PyYAML")

from darknet_torch.cfg.zoo import definitions_folder
from tests.parity.test_own_records import FORWARD, LAYERS
from tests.parity.test_reference import FOLDER, name, records
from tools.parity import check_forward
from tools.parity_detect import check_detect

pytestmark = pytest.mark.cuda


@pytest.mark.parametrize("path", [*LAYERS, *FORWARD], ids=name)
def test_every_layer_equals_the_record(path, device):
    deviation = check_forward(path, definitions_folder(), device)
    assert deviation.passed, str(deviation)


@pytest.mark.parametrize("path", records("detect"), ids=name)
def test_detections_equal_the_records(path, device):
    shared = FOLDER.parent
    deviation = check_detect(path, shared / "models", shared / "images", device)
    assert deviation.passed, str(deviation)
