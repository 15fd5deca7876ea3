"""`dtorch classifier valid`."""

import pytest

from tests.cli.colour_classifier import write_model, write_pictures
from tests.cli.command import dtorch


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path)


@pytest.fixture
def data(tmp_path):
    return write_pictures(tmp_path)


def test_valid_prints_how_often_it_is_right(model, data):
    result = dtorch("classifier", "valid", data, model, model.with_suffix(".weights"))
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "5: top 1: 0.400000, top 2: 0.600000"
    assert [line.split() for line in lines[3:]] == [
        ["blue", "2", "100.00", "100.00"],
        ["green", "1", "0.00", "100.00"],
        ["red", "1", "0.00", "0.00"],
    ]


def test_a_broken_picture_is_left_out(model, data):
    (data.parent / "pictures" / "a_blue.png").write_bytes(b"no picture")
    result = dtorch("classifier", "valid", data, model)
    assert result.exit_code == 1
    assert "a_blue.png" in result.stderr
    assert result.stdout.startswith("4: top 1: 0.250000, ")
