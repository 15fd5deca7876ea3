"""Darknet's map: the printed digits, where the recorded detections are at hand."""

import pytest

from tests.conftest import NO_REFERENCE, reference_folder
from tools.parity_map import check_map

FOLDER = reference_folder()
RECORD = FOLDER / "map.json" if FOLDER else None
DATA = FOLDER.parent / "datasets" / "bccd" if FOLDER else None
absent = pytest.mark.skipif(RECORD is None or not RECORD.exists(), reason=NO_REFERENCE)


@absent
def test_every_printed_number_comes_out_of_the_recorded_detections(tmp_path):
    findings = dict(check_map(RECORD, DATA, models=tmp_path))
    assert len(findings) == 6
    assert {name: str(f) for name, f in findings.items() if not f.passed} == {}


@absent
@pytest.mark.long
def test_our_own_detections_come_close(tmp_path):
    findings = dict(check_map(RECORD, DATA, FOLDER.parent / "models"))
    assert len(findings) == 12
    assert {name: str(f) for name, f in findings.items() if not f.passed} == {}
