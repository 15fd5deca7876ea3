"""Drawing the bundled picture, and storing what the bundled model finds in it."""

import json

import cv2
import numpy as np
from click.testing import CliRunner

from darknet_torch.cfg.zoo import BUNDLED_DETECTIONS, BUNDLED_PICTURE, sample_folder
from darknet_torch.doctor.self_test import difference
from tests.docs.pages import ROOT
from tools.bundled_picture import DRAWING, main

# Colours of 0-255: OpenCV's versions blur and round differently.
CLOSE = 3


def test_what_is_stored_is_what_the_tool_writes(tmp_path):
    result = CliRunner().invoke(main, ["--sample", str(tmp_path), "--docs", str(tmp_path)])
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / BUNDLED_DETECTIONS).read_bytes())
    stored = json.loads((sample_folder() / BUNDLED_DETECTIONS).read_bytes())
    assert difference(found, stored) < 1e-3
    assert result.output.splitlines() == [
        f"{one['name']} {one['confidence']:.2f}" for one in found
    ]
    for written, kept in (
        (tmp_path / BUNDLED_PICTURE, sample_folder() / BUNDLED_PICTURE),
        (tmp_path / DRAWING, ROOT / "docs" / DRAWING),
    ):
        colours, expected = (cv2.imread(str(path)).astype(int) for path in (written, kept))
        assert np.abs(colours - expected).mean() < CLOSE
