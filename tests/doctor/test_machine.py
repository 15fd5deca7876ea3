"""Listing what is installed on this machine."""

import importlib.metadata

from darknet_torch.doctor import machine
from darknet_torch.doctor.examine import examine


def test_missing_packages_that_the_program_requires_are_a_problem(monkeypatch):
    versions = {"torch": "2.13.0", "onnx": "1.23.2"}
    requirements = [
        "torch>=2.6",
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


def test_parts_of_opencv_are_read_from_its_build_information():
    built = "  GUI:                           NONE\n  Media:\n    JPEG:       build (ver 3)\n"
    assert machine._built_with(built, "GUI") == "NONE"
    assert machine._built_with(built, "JPEG") == "build (ver 3)"
    assert machine._built_with(built, "FFMPEG") == "NO"


def test_free_space_is_reported_before_the_cache_exists(cache):
    assert not cache.exists()
    assert machine.cache()["files"] == {}
    assert machine.cache()["free_bytes"] > 0
