"""Every command and example of the page about engines works, or is what setup.cfg declares."""

import re
import shlex

import click
import pytest

from darknet_torch.cli.main import main
from darknet_torch.engines.engine import find_engine
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, blocks, commands, fill_folder

PAGE = "docs/engines.md"
# Half a minute of calibration on a data set that may not be there: only their words are read.
READ = [line for line in commands(PAGE) if "bccd" in line]
COMMANDS = [line for line in commands(PAGE) if line.startswith("dtorch ") and line not in READ]
INSTALLED = {"pip", "python"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engines")
    fill_folder(folder)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One cache for all commands, as a user has it."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def prepared(folder, cache, monkeypatch):
    if find_engine("openvino").version() is None:
        pytest.skip("openvino is not installed")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DTORCH_CACHE", str(cache))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_works(command):
    result = dtorch(*shlex.split(command)[1:])
    assert result.exit_code == 0, result.stderr
    assert result.stderr in ("preparing openvino for this model, once\n", "")


@pytest.mark.parametrize("command", READ)
def test_the_command_is_understood(command):
    name, *words = shlex.split(command)[1:]
    subcommand = main.get_command(click.Context(main), name)
    with subcommand.make_context(name, words):
        pass


def test_the_example_works(capsys):
    (example,) = blocks(PAGE, "python")
    exec(compile(example, PAGE, "exec"), {})
    assert capsys.readouterr().out == "OpenVINO 4\n"


def test_other_programs_are_those_that_are_installed():
    others = [line for line in commands(PAGE) if line not in (*COMMANDS, *READ)]
    assert {shlex.split(line)[0] for line in others} <= INSTALLED
    extras = set(re.findall(r"pip install '\.\[(\S+)\]'", "\n".join(others)))
    setup = (ROOT / "setup.cfg").read_text()
    assert extras
    assert all(f"\n{extra} =\n" in setup for extra in extras)
