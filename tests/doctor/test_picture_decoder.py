"""The pixels of the bundled JPEG, and decoders that make others."""

import importlib.metadata

import pytest

from darknet_torch.doctor.examine import examine
from darknet_torch.doctor.picture_decoder import OK, examine_picture_decoder
from darknet_torch.media import stb


def test_the_pixels_of_the_bundled_jpeg_are_darknets():
    version = importlib.metadata.version("libstb")
    assert examine_picture_decoder() == {"decoder": f"libstb {version}", "status": OK}


@pytest.mark.parametrize("changed", ["one value", "nothing decoded"])
def test_other_pixels_are_a_problem(monkeypatch, changed):
    real = stb.decode_jpeg

    def decode(*arguments, **options):
        image = real(*arguments, **options)
        image[40, 50, 1] ^= 1
        return image if changed == "one value" else None

    monkeypatch.setattr(stb, "decode_jpeg", decode)
    examination = examine()
    (problem,) = examination.problems
    assert problem.startswith("picture decoder: libstb ")
    assert ("other pixels than Darknet" if changed == "one value" else "cannot decode") in problem
    assert problem.endswith("; pip install --force-reinstall 'libstb~=0.8.0'")
    assert examination.parts["picture decoder"]["status"] in problem


def test_libstb_that_is_installed_and_cannot_be_used_is_a_problem(without_libstb):
    (problem,) = examine().problems
    assert problem.startswith("picture decoder: the package libstb is not installed; OpenCV ")


def test_where_libstb_is_not_for_this_python_the_difference_is_no_problem(
    without_libstb, monkeypatch
):
    requirements = ["numpy>=2", "libstb<0.9,>=0.8; python_version < '3.11'"]
    real = importlib.metadata.version

    def version(package):
        if package == "libstb":
            raise importlib.metadata.PackageNotFoundError(package)
        return real(package)

    monkeypatch.setattr(importlib.metadata, "requires", lambda program: requirements)
    monkeypatch.setattr(importlib.metadata, "version", version)
    examination = examine()
    assert examination.problems == ()
    assert examination.parts["picture decoder"]["decoder"] == "OpenCV"
    assert stb.DIFFERENCE in examination.parts["picture decoder"]["status"]
    assert "libstb" not in examination.parts["packages"][""]
