"""What the doctor finds, and what it says is wrong."""

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


def test_the_packages_are_those_that_the_program_declares(monkeypatch):
    versions = {"torch": "2.13.0", "onnx": "1.23.2"}
    requirements = [
        "torch>=2.4",
        "libstb<1,>=0.8",
        "onnx>=1.17; extra == 'onnx'",
        'pytest>=8; extra == "dev"',
    ]

    def version(package):
        if package not in versions:
            raise importlib.metadata.PackageNotFoundError(package)
        return versions[package]

    monkeypatch.setattr(importlib.metadata, "requires", lambda program: requirements)
    monkeypatch.setattr(importlib.metadata, "version", version)
    assert machine.packages() == {
        "": {"torch": "2.13.0", "libstb": None},
        "onnx": {"onnx": "1.23.2"},
    }
    problems = examine().problems
    assert problems == ("packages: libstb not installed; pip install libstb",)


def test_a_part_that_cannot_be_examined_is_a_problem_and_the_others_are(monkeypatch):
    def broken():
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(machine, "opencv", broken)
    found = examine()
    assert found.problems == ("opencv: libGL.so.1: cannot open shared object file",)
    assert found.parts["opencv"] == {}
    assert found.parts["self-test"]["difference"] == pytest.approx(0, abs=1e-5)


def test_a_model_that_finds_something_else_is_a_problem(monkeypatch):
    monkeypatch.setattr(module, "self_test", lambda device: 0.5)
    (problem,) = examine().problems
    assert problem.startswith("self-test: the bundled model finds something else than it should")
    assert "expected at most 0.01 apart, got 0.5" in problem


def test_parts_of_opencv_are_read_from_what_it_says():
    built = "  GUI:                           NONE\n  Media:\n    JPEG:       build (ver 3)\n"
    assert machine._built_with(built, "GUI") == "NONE"
    assert machine._built_with(built, "JPEG") == "build (ver 3)"
    assert machine._built_with(built, "FFMPEG") == "NO"


def test_the_free_space_is_told_before_there_is_a_cache(cache):
    assert not cache.exists()
    assert machine.cache()["files"] == {}
    assert machine.cache()["free_bytes"] > 0
