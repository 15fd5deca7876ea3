"""setup.cfg installs every file of the package, also those that are no Python modules."""

import configparser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"darknet_torch": "darknet_torch", "darknet_torch.definitions": "cfg"}


def package_data():
    """The files that setup.cfg installs as data, by package."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return {
        package: {path for one in patterns.split(",") for path in data_files(package, one.strip())}
        for package, patterns in config["options.package_data"].items()
    }


def data_files(package, pattern):
    return [path for path in (ROOT / FOLDERS[package]).glob(pattern) if path.is_file()]


@pytest.mark.parametrize("package", FOLDERS)
def test_every_file_that_is_no_module_is_package_data(package):
    present = {
        path
        for path in (ROOT / FOLDERS[package]).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert present
    assert package_data()[package] == present


def test_every_module_is_in_a_package():
    """Without __init__.py a folder is not found by setup.py, and would not be installed."""
    folders = {path.parent for path in (ROOT / "darknet_torch").rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
