"""Listing what is installed on this machine."""

import importlib.metadata

import pytest

from darknet_torch.cpu.cores import Cores
from darknet_torch.doctor import machine
from darknet_torch.doctor.examine import examine


def test_missing_packages_that_the_program_requires_are_a_problem(monkeypatch):
    versions = {"torch": "2.13.0", "onnx": "1.23.2"}
    requirements = [
        "torch>=2.6",
        "libstb<0.9,>=0.8; python_version < '3.99'",
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
    assert problems == ("packages: libstb not installed; pip install 'libstb<0.9,>=0.8'",)


@pytest.mark.parametrize("installed", ["onnxruntime", "onnxruntime-gpu"])
def test_a_package_that_another_one_replaces_is_not_missing(monkeypatch, installed):
    extras = {"onnxruntime": ["onnxruntime"], "onnxruntime-gpu": ["onnxruntime-gpu"]}
    monkeypatch.setattr(machine, "required_packages", lambda: extras)
    versions = {installed: "1.31.1"}
    monkeypatch.setattr(machine, "installed_version", lambda name="", *_: versions.get(name))
    assert [names for names in machine.packages().values() if names] == [versions]


def test_opencv_without_windows_is_no_missing_package(monkeypatch):
    monkeypatch.setattr(machine, "required_packages", lambda: {"": ["opencv-python", "click"]})
    versions = {"opencv-python-headless": "5.0.0.93", "click": "8.5.1"}
    monkeypatch.setattr(
        machine,
        "installed_version",
        lambda *names: next((versions[name] for name in names if name in versions), None),
    )
    assert machine.packages() == {"": {"click": "8.5.1"}}


def test_parts_of_opencv_are_read_from_its_build_information():
    built = "  GUI:                           NONE\n  Media:\n    JPEG:       build (ver 3)\n"
    assert machine._built_with(built, "GUI") == "NONE"
    assert machine._built_with(built, "JPEG") == "build (ver 3)"
    assert machine._built_with(built, "FFMPEG") == "NO"


def test_free_space_is_reported_before_the_cache_exists(cache):
    assert not cache.exists()
    assert machine.cache()["files"] == {}
    assert machine.cache()["free_bytes"] > 0


@pytest.mark.parametrize(
    ("found", "load", "threads", "words"),
    [
        (Cores(2, 2), 0.4, 2, None),
        (Cores(2, 2), None, 2, None),
        (Cores(2, 2), 3.1, 1, None),
        (Cores(2, 2), 3.1, 2, "load 3.1 on 2"),
        (Cores(64, 32, 1.5), 0.0, 32, "32 threads would compute on 1.5 cores"),
    ],
)
def test_advice_where_threads_would_wait_for_cores(found, load, threads, words):
    advice = machine._advice(found, load, threads)
    assert advice is None if words is None else words in advice
    assert advice is None or "--threads 1 (or OMP_NUM_THREADS=1)" in advice


def test_cores_are_listed_with_the_threads_that_follow():
    found = machine.cores()
    assert found["usable"] >= found["physical"] >= 1
    assert found["threads"]["training"] >= 1
