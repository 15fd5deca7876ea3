"""Detections on the device: those of the CPU, in every precision, from every kind of input."""

import cv2
import numpy as np
import pytest
import torch

from darknet_torch.inference.detector import Detector
from darknet_torch.loading.load import load
from darknet_torch.ops.precision_names import PRECISIONS
from tests.toy.files import CFG, PICTURE, WEIGHTS

pytestmark = pytest.mark.cuda
# Rounding moves a score by some ten times its own size: 24 bits of a number in float32, 11 in tf32
# and float16, 8 in bfloat16.
SCORES = {"float32": 1e-5, "tf32": 3e-3, "float16": 3e-3, "bfloat16": 3e-2}


def detector(device, precision="float32", **options):
    network = load(CFG, WEIGHTS)
    return Detector(network, device=device, precision=precision, **options)


def assert_equal_detections(found, expected, scores):
    """Assert that two results differ by rounding; boxes by as much of the picture's side."""
    side = max(expected.width, expected.height)
    assert len(expected) > 3
    np.testing.assert_array_equal(found.class_ids, expected.class_ids)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=0, atol=scores)
    np.testing.assert_allclose(found.boxes_xyxy, expected.boxes_xyxy, rtol=0, atol=scores * side)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_detections_equal_those_of_the_cpu(precision, device):
    expected = detector("cpu")(PICTURE)
    found = detector(device, precision)(PICTURE)
    assert_equal_detections(found, expected, SCORES[precision])


def test_every_kind_of_picture_is_taken_to_the_device(device):
    expected = detector("cpu")(PICTURE)
    own, picture = detector(device), cv2.imread(str(PICTURE))
    for given in (picture, PICTURE.read_bytes()):
        assert_equal_detections(own(given), expected, SCORES["float32"])
    for found in own([picture] * 5):
        assert_equal_detections(found, expected, SCORES["float32"])


def test_detectors_of_other_precisions_change_nothing(device):
    own = detector(device)
    before = own(PICTURE)
    for precision in PRECISIONS:
        detector(device, precision)(PICTURE)
        after = own(PICTURE)
        assert_equal_detections(after, before, 0)


def test_a_tensor_on_the_device_stays_there(device):
    own = detector(device)
    net = own.network.net
    images = torch.rand(2, 3, net.height, net.width, device=device)
    with torch.inference_mode():
        outputs = own.network(images)
    assert all(output.device.type == device.type for output in outputs)
    assert len(own(images)) == 2
