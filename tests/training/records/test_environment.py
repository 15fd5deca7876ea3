"""The description of what a run is made with."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from darknet_torch.training.records.environment import Environment, describe_start
from tests.training.records.fake_loops import fake_loop


def test_it_names_versions_machine_command_and_inputs(plan, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["dtorch", "train", "a b.cfg"])
    weights = Path(plan.cfg).with_suffix(".weights")
    weights.write_bytes(b"weights")
    found = describe_start(
        replace(plan, weights=str(weights), threads=3), torch.device("cpu"), {"data": "6 pictures"}
    )
    assert found["command"] == "dtorch train 'a b.cfg'"
    assert found["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert {"darknet-torch", "Python", "numpy", "pycocotools"} <= set(found["versions"])
    assert (found["threads"], found["device"]) == (3, "cpu")
    assert found["processor"] and found["system"]
    assert found["content"] == {"data": "6 pictures"}
    names = [Path(path).name for path in found["files"]]
    assert {"small.cfg", "small.weights", "squares.data", "train.txt", "valid.txt"} <= set(names)
    assert found["files"][str(weights)] == hashlib.sha256(b"weights").hexdigest()
    assert not any(name.endswith(".png") for name in names)


def test_each_start_of_a_run_adds_an_entry(plan, tmp_path):
    path = tmp_path / "small_environment.json"

    def start(iteration, *, continues):
        loop = fake_loop(Environment(path, plan, {}, continues=continues), iteration=iteration)
        loop.device = torch.device("cpu")
        loop.events.on_start(loop)
        assert not loop.log.warnings
        return [entry["iteration"] for entry in json.loads(path.read_text())["starts"]]

    assert start(0, continues=False) == [0]
    assert start(40, continues=True) == [0, 40]
    assert start(0, continues=False) == [0]
    path.write_text("{")
    assert start(7, continues=True) == [7]
