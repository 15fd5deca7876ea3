"""Rebuilding cfgs and parameters of records."""

import pytest

from tools.records import cfg_text, parameters, positions, with_net_options

RECORD = {
    "seed": 1,
    "overrides": {"batch": 1},
    "edits": [["width=8", "width=16"]],
    "cfg": "# comment\n[net]\nbatch=64\nwidth=8\n",
    "segments": [[0, "biases", 3, 0, 1], [0, "weights", 4, 4, 1]],
    "scalars": {"0": [0.0, 4.0]},
}


def test_overrides_come_first_in_net_and_edits_are_applied():
    expected = "# comment\n[net]\nbatch=1\nbatch=64\nwidth=16\n"
    assert cfg_text(RECORD, None) == expected


def test_a_text_without_sections_is_not_changed():
    assert with_net_options("no cfg", {"batch": 1}) == "no cfg"


def test_a_cfg_is_found_under_its_file_name(tmp_path):
    (tmp_path / "a.cfg").write_text("[net]\n")
    record = {"cfg_file": "elsewhere/a.cfg", "overrides": {}}
    assert cfg_text(record, tmp_path) == "[net]\n"
    with pytest.raises(FileNotFoundError):
        cfg_text(record, tmp_path / "none")


def test_parameters_follow_the_seed_and_the_recorded_scale():
    values = parameters(RECORD)
    assert values.dtype == "<f4"
    assert len(values) == 7
    assert parameters(RECORD).tolist() == values.tolist()
    unscaled = [[0, "biases", 3, 0, 1], [0, "weights", 4, 4, 0]]
    assert parameters({**RECORD, "segments": unscaled})[3:] == pytest.approx(2 * values[3:])


def test_positions_lie_inside_the_array():
    assert positions(5).max() < 5
    assert len(positions(10**6, 8)) == 8
