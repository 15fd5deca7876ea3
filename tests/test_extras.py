"""Importing optional packages."""

import importlib.metadata
import sys

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.extras import (
    import_extra,
    install_command,
    installed_version,
    required_packages,
)


def test_an_installed_module_is_imported():
    assert import_extra("xml.dom", extra="plot") is sys.modules["xml.dom"]


def test_a_missing_package_is_an_error_that_names_the_packages_of_the_extra():
    with pytest.raises(UsageError, match="package no_such_package, which") as raised:
        import_extra("no_such_package.part", extra="plot")
    assert raised.value.fix == "pip install matplotlib"
    assert "no_such_package" in raised.value.got


def test_without_an_installation_the_command_names_the_missing_package(monkeypatch):
    def requires(program):
        raise importlib.metadata.PackageNotFoundError(program)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert install_command("onnx", "onnxscript") == "pip install onnxscript"


def test_every_package_of_an_extra_is_installed():
    assert install_command("onnx", "onnx") == "pip install onnx onnxruntime onnxscript"
    assert install_command("unknown", "that") == "pip install that"


def test_the_version_is_that_of_the_first_package_that_is_installed():
    numpy = importlib.metadata.version("numpy")
    assert installed_version("no-such-package", "numpy", "click") == numpy
    assert installed_version("no-such-package") is None


def test_an_extra_has_the_packages_of_those_that_it_asks_for(monkeypatch):
    requirements = [
        "torch>=2.9.1",
        "plotter<3,>=2; extra == 'plot'",
        'darknet-torch[plot]; extra == "report"',
        'maker>=3; extra == "report"',
        "darknet-torch[report, gone]; extra == 'all'",
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda program: requirements)
    assert required_packages() == {
        "": {"torch": "torch>=2.9.1"},
        "plot": {"plotter": "plotter<3,>=2"},
        "report": {"maker": "maker>=3", "plotter": "plotter<3,>=2"},
        "all": {"maker": "maker>=3", "plotter": "plotter<3,>=2"},
    }


def test_what_only_an_older_python_needs_is_not_required(monkeypatch):
    this = sys.version_info.minor
    requirements = [f'a<1; python_version < "3.{this}"', f'b<1; python_version < "3.{this + 1}"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda program: requirements)
    assert required_packages() == {"": {"b": "b<1"}}
