"""readNetFromDarknet and readNet."""

import cv2 as opencv
import numpy as np
import pytest

from darknet_torch.compat import opencv as dnn
from tests.toy.files import CFG, WEIGHTS


def test_files_are_given_in_either_order_as_paths_or_bytes(blob):
    cfg, weights = CFG.read_bytes(), WEIGHTS.read_bytes()
    arrays = np.frombuffer(cfg, np.uint8), np.frombuffer(weights, np.uint8)
    nets = [
        dnn.readNetFromDarknet(CFG, WEIGHTS),
        dnn.readNetFromDarknet(cfg, weights),
        dnn.readNetFromDarknet(*arrays),
        dnn.readNet(str(WEIGHTS), str(CFG)),
        dnn.readNet(str(CFG), str(WEIGHTS)),
        dnn.readNet(str(CFG), str(WEIGHTS), "darknet"),
        dnn.readNet("darknet", weights, cfg),
    ]
    outputs = []
    for net in nets:
        net.setInput(blob)
        outputs.append(net.forward())
    for output in outputs[1:]:
        np.testing.assert_array_equal(output, outputs[0])


def test_other_files_are_read_by_opencv(tmp_path):
    with pytest.raises(opencv.error):
        dnn.readNet(str(tmp_path / "none.onnx"))
