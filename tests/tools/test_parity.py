"""The parity tool on records that are made from the network's own results."""

import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import UnsupportedError
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights
from tools import parity, records

PASSED, FAILED, USAGE, UNSUPPORTED = 0, 1, 2, 3

CFG = """[net]
width=9
height=6
channels=3

[convolutional]
filters=4
size=3
stride=1
pad=1
activation=leaky

[maxpool]
size=2
stride=2
"""
SEGMENTS = [[0, "biases", 4, 0, 1], [0, "weights", 108, 27, 1]]


def make_record(folder, name="tiny"):
    """Write a forward record to `folder`, as the C program would."""
    record = {
        "name": name,
        "dialect": "alexeyab",
        "seed": 11,
        "overrides": {"batch": 1},
        "edits": [["stride=2", "stride=3"]],
        "cfg": CFG,
        "segments": SEGMENTS,
        "scalars": {},
        "net": {"w": 9, "h": 6, "c": 3, "inputs": 162, "batch": 1},
        "steps": 1,
    }
    header = np.array([0, 2, 5, 0, 0], "<i4").tobytes()
    record["crc32"] = zlib.crc32(header + records.parameters(record).tobytes())
    (folder / f"{name}.json").write_text(json.dumps(record))
    stats, samples = zip(*map(summary, run(record, folder)), strict=True)
    np.savez(folder / f"{name}.npz", stats=stats, samples=samples)
    return folder / f"{name}.json"


def run(record, folder):
    """The outputs of every layer of the record's network."""
    network = build_network(parse_cfg(records.cfg_text(record, folder)))
    weights = folder / "parameters.bin"
    records.weight_file(record).tofile(weights)
    read_weights(network, weights)
    weights.unlink()
    images = torch.from_numpy(records.forward_input(record))
    with torch.inference_mode():
        return [output.numpy().ravel() for output in network.layer_outputs(images)]


def summary(values):
    values = values.astype(np.float64)
    l2 = np.linalg.norm(values)
    stats = [values.size, values.mean(), l2, values.min(), values.max()]
    return stats, values[records.positions(values.size)]


def change_record(path, **changes):
    """Add to recorded numbers: array=((layer, position), amount)."""
    with np.load(path.with_suffix(".npz")) as stored:
        arrays = {name: stored[name] for name in stored}
    for name, (where, amount) in changes.items():
        arrays[name][where] += amount
    np.savez(path.with_suffix(".npz"), **arrays)


def call(*arguments):
    result = CliRunner().invoke(parity.main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def forward(folder, command="forward"):
    return call(command, folder, "--cfg-folder", folder)


class TestForward:
    @pytest.mark.parametrize("command", ["forward", "layers"])
    def test_equal_results_pass(self, tmp_path, command):
        make_record(tmp_path)
        result = forward(tmp_path, command)
        assert result.exit_code == PASSED
        assert "ok   tiny: worst 0." in result.stdout
        assert "1 passed, 0 failed, 0 not supported yet" in result.stdout

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"samples": ((1, 3), 0.01)}, "layer 1 [maxpool], position"),
            ({"stats": ((0, 0), 1)}, "layer 0 [convolutional], 216 values, recorded 217"),
            ({"stats": ((0, 1), 0.01)}, "layer 0 [convolutional], mean"),
            ({"stats": ((1, 2), 0.01)}, "layer 1 [maxpool], l2"),
            ({"samples": ((0, 0), np.nan)}, "layer 0 [convolutional], position"),
        ],
        ids=["sample", "count", "mean", "l2", "nan"],
    )
    def test_a_changed_record_fails_and_the_place_is_printed(self, tmp_path, changes, place):
        change_record(make_record(tmp_path), **changes)
        result = forward(tmp_path)
        assert result.exit_code == FAILED
        assert "FAIL tiny" in result.stdout
        assert place in result.stdout

    def test_one_failure_among_many_is_a_failure(self, tmp_path):
        make_record(tmp_path, "good")
        change_record(make_record(tmp_path, "bad"), samples=((0, 0), 1.0))
        result = forward(tmp_path)
        assert result.exit_code == FAILED
        assert "1 passed, 1 failed" in result.stdout

    def test_the_cfg_named_by_a_record_is_read_from_the_cfg_folder(self, tmp_path):
        path = make_record(tmp_path)
        record = json.loads(path.read_text())
        cfgs = tmp_path / "cfgs"
        cfgs.mkdir()
        (cfgs / "net.cfg").write_text(record.pop("cfg"))
        path.write_text(json.dumps({**record, "cfg_file": "elsewhere/net.cfg"}))
        assert call("forward", tmp_path, "--cfg-folder", cfgs).exit_code == PASSED

    def test_parameters_with_another_checksum_are_an_error(self, tmp_path):
        path = make_record(tmp_path)
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "seed": record["seed"] + 1}))
        with pytest.raises(ValueError, match="came out differently"):
            parity.check_forward(path, tmp_path)


class TestUnsupported:
    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        """A record that passes next to one that this version refuses."""
        make_record(tmp_path, "good")
        make_record(tmp_path, "unknown")
        check = parity.check_forward

        def refuse(path, *rest):
            if path.stem == "unknown":
                raise UnsupportedError("[dream] is not supported yet")
            return check(path, *rest)

        monkeypatch.setattr(parity, "check_forward", refuse)
        return tmp_path

    def test_unsupported_records_are_listed_and_have_their_own_exit_status(self, folder):
        result = forward(folder)
        assert result.exit_code == UNSUPPORTED
        assert "not supported yet: unknown: [dream] is not supported yet" in result.stdout
        assert "1 passed, 0 failed, 1 not supported yet" in result.stdout

    def test_a_failure_decides_the_exit_status(self, folder):
        change_record(folder / "good.json", samples=((0, 0), 1.0))
        assert forward(folder).exit_code == FAILED


class TestUsage:
    def test_a_folder_without_records_is_a_usage_error(self, tmp_path):
        result = forward(tmp_path)
        assert result.exit_code == USAGE
        assert "no records" in result.stderr

    def test_a_missing_folder_is_a_usage_error(self, tmp_path):
        assert call("forward", tmp_path / "gone").exit_code == USAGE

    def test_records_with_their_own_cfg_need_no_files_outside_the_checkout(self, tmp_path):
        tools = tmp_path / "checkout" / "tools"
        shutil.copytree(Path(parity.__file__).parent, tools)
        records_folder = tmp_path / "records"
        records_folder.mkdir()
        make_record(records_folder)
        command = [sys.executable, str(tools / "parity.py"), "layers", str(records_folder)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == PASSED, result.stderr
