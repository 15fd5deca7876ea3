"""Fixtures of the tests of compat.opencv."""

import cv2 as opencv
import pytest

from darknet_torch.compat import opencv as dnn
from tests.toy.files import CFG, PICTURE, WEIGHTS


@pytest.fixture
def net():
    return dnn.readNetFromDarknet(str(CFG), str(WEIGHTS))


@pytest.fixture(scope="module")
def blob():
    return opencv.dnn.blobFromImage(opencv.imread(str(PICTURE)), 1 / 255, (160, 160), swapRB=True)
