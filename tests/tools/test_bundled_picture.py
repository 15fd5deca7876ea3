"""Storing what the bundled model finds in the bundled picture."""

import json

from click.testing import CliRunner

from darknet_torch.cfg.zoo import BUNDLED_DETECTIONS, sample_folder
from darknet_torch.doctor.self_test import difference
from tools.bundled_picture import main


def test_the_stored_detections_are_those_that_the_tool_writes(tmp_path):
    out = tmp_path / "found.json"
    result = CliRunner().invoke(main, ["--out", str(out)])
    assert result.exit_code == 0, result.output
    stored = json.loads((sample_folder() / BUNDLED_DETECTIONS).read_bytes())
    assert difference(json.loads(out.read_bytes()), stored) < 1e-5
    assert result.output.splitlines() == [
        f"{one['name']} {one['confidence']:.2f}" for one in json.loads(out.read_bytes())
    ]
