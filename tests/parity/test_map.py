"""Darknet's map, digit by digit, if the recorded detections are available."""

import json
import shutil

import pytest
from click.testing import CliRunner

from tests.conftest import NO_REFERENCE, reference_folder
from tools.parity import main
from tools.parity_map import check_map

FOLDER = reference_folder()
RECORD = FOLDER / "map.json" if FOLDER else None
DATA = FOLDER.parent / "datasets" / "bccd" if FOLDER else None
absent = pytest.mark.skipif(RECORD is None or not RECORD.exists(), reason=NO_REFERENCE)


@absent
def test_recorded_detections_give_every_printed_number(tmp_path):
    deviations = dict(check_map(RECORD, DATA, models=tmp_path))
    assert len(deviations) == 6
    assert {name: str(f) for name, f in deviations.items() if not f.passed} == {}


@absent
@pytest.mark.long
def test_our_detections_give_similar_numbers(tmp_path):
    deviations = dict(check_map(RECORD, DATA, FOLDER.parent / "models"))
    assert len(deviations) == 12
    assert {name: str(f) for name, f in deviations.items() if not f.passed} == {}


@absent
def test_the_tool_reports_a_single_wrong_digit(tmp_path):
    record = json.loads(RECORD.read_text())
    record["records"] = record["records"][:2]
    record["records"][1]["classes"][2]["ap"] += 0.01
    (tmp_path / "map.json").write_text(json.dumps(record))
    shutil.copy(RECORD.with_name("map_detections.npz"), tmp_path)
    arguments = ["map", tmp_path / "map.json", "--data", DATA, "--models", tmp_path]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 1
    first, second = result.output.splitlines()
    assert first.startswith("ok ")
    assert second.startswith("FAIL ")
    assert "ap of Platelets, 0.16, C 0.17" in second
