"""Every place that names versions of Python and PyTorch names the ones that were tested."""

import configparser
import re
import tomllib

import darknet_torch
from darknet_torch.media.stb import REQUIREMENT, TESTED_VERSION
from tests.docs.pages import ROOT

_PIN = re.compile(r"([\w.-]+)==(\S+)")
_FLOOR = re.compile(r"([\w-]+)>=([\d.]+)")


def pins(name):
    """The versions that a file of constraints pins, by package."""
    return dict(_PIN.findall((ROOT / name).read_text()))


def setup_cfg():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def floors():
    """The oldest version of every package in setup.cfg, by package."""
    config = setup_cfg()
    extras = config["options.extras_require"].values()
    return dict(_FLOOR.findall("\n".join([config["options"]["install_requires"], *extras])))


def named_as_tested():
    """Python's version and those of PyTorch that the README names as tested."""
    text = (ROOT / "README.md").read_text()
    (line,) = re.findall(r"tested with Python ([\d.]+) and PyTorch ([\d.,\sand]+)\.\n", text)
    return line[0], re.findall(r"\d+\.\d+\.\d+", line[1])


def numbers(version):
    return tuple(map(int, version.split(".")))


def test_the_readme_names_the_floors_and_the_pinned_release_as_tested():
    python, releases = named_as_tested()
    assert (
        f"Python {python} or newer, PyTorch {releases[0]} or newer"
        in (ROOT / "README.md").read_text()
    )
    assert releases == sorted(releases, key=numbers)
    assert releases[0] == floors()["torch"]
    assert pins("constraints.txt")["torch"] in releases


def test_the_citation_names_this_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {darknet_torch.__version__}\n" in citation
    assert f"\nlicense: {setup_cfg()['metadata']['license']}\n" in citation


def test_the_commands_test_the_newest_release():
    newest = named_as_tested()[1][-1]
    assert f"\nTORCH ?= {newest}\n" in (ROOT / "Makefile").read_text()
    assert f"\nmake test-torch TORCH={newest} " in (ROOT / "CONTRIBUTING.md").read_text()


def test_python_is_the_tested_one_everywhere():
    python, _ = named_as_tested()
    config = setup_cfg()
    assert config["options"]["python_requires"] == f">={python}"
    assert f"Programming Language :: Python :: {python}\n" in config["metadata"]["classifiers"]
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tools["mypy"]["python_version"] == python
    assert tools["ruff"]["target-version"] == "py" + python.replace(".", "")


def test_test_floor_installs_the_oldest_versions():
    pinned = pins("constraints-floor.txt")
    assert len(floors()) > 15
    assert floors() == {package: pinned[package] for package in floors()}


def test_a_package_of_several_extras_has_one_floor():
    found = set(_FLOOR.findall((ROOT / "setup.cfg").read_text()))
    assert len(found) == len({package for package, _ in found})


def test_the_newest_versions_are_pinned_too():
    assert floors().keys() <= pins("constraints.txt").keys()


def test_a_ceiling_has_a_reason():
    """libstb is alpha: others may differ; `bench` is OpenCV 4, to compare with."""
    ceilings = re.findall(r"^ *([\w-]+)\S*<", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    assert ceilings == ["libstb", "opencv-python"]


def test_libstb_is_bound_to_the_tested_version():
    """Its own metadata names Python 3.13 as the newest."""
    (line,) = re.findall(r"^ *libstb.*$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    major, minor = numbers(TESTED_VERSION)
    bounds = f"libstb>={TESTED_VERSION}.0,<{major}.{minor + 1}"
    assert line.strip() == f'{bounds}; python_version < "3.14"'
    assert f"'libstb~={TESTED_VERSION}.0'" == REQUIREMENT
    assert pins("constraints.txt")["libstb"].startswith(f"{TESTED_VERSION}.")
