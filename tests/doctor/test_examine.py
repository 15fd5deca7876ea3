"""Examining an installation, and the problems that are reported."""

import importlib.metadata
import json
import platform

import pytest

import darknet_torch
from darknet_torch.cfg.zoo import shipped
from darknet_torch.doctor import examine as module
from darknet_torch.doctor import machine
from darknet_torch.doctor.examine import examine


def test_a_working_installation_has_no_problems(cache):
    cache.mkdir()
    (cache / "yolov3.weights").write_bytes(bytes(1000))
    found = examine()
    assert found.problems == ()
    parts = found.parts
    assert parts["program"]["darknet-torch"] == darknet_torch.__version__
    assert parts["program"]["python"] == platform.python_version()
    assert parts["packages"][""]["torch"] == importlib.metadata.version("torch")
    assert parts["devices"]["cpu"]["threads"] >= 1
    assert parts["opencv"]["JPEG"] != "NO"
    assert parts["cache"]["folder"] == str(cache)
    assert parts["cache"]["files"] == {"yolov3.weights": 1000}
    assert parts["cache"]["free_bytes"] > 0
    assert parts["cache"]["writable"] is True
    assert parts["definitions"]["count"] == len(shipped(".cfg"))
    assert parts["self-test"]["device"] == "cpu"
    assert json.loads(json.dumps(found.to_dict()))["problems"] == []


def test_the_other_parts_are_examined_if_one_cannot_be(monkeypatch):
    def broken():
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(machine, "opencv", broken)
    found = examine()
    assert found.problems == ("opencv: libGL.so.1: cannot open shared object file",)
    assert found.parts["opencv"] == {}
    assert found.parts["self-test"]["difference"] == pytest.approx(0, abs=1e-5)


def test_other_detections_of_the_bundled_model_are_a_problem(monkeypatch):
    monkeypatch.setattr(module, "self_test", lambda device: 0.5)
    (problem,) = examine().problems
    assert problem.startswith("self-test: the bundled model does not find what it should")
    assert "expected a difference of at most 0.01, got 0.5; reinstall PyTorch" in problem
