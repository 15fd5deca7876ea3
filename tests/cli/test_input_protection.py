"""The inputs of the running command; every command's outputs are tried in test_outputs.py."""

import click
import pytest
from click.testing import CliRunner

from darknet_torch.cli.input_protection import protect_inputs, protect_named_inputs
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH
from darknet_torch.errors import UsageError
from darknet_torch.input_files import protected_inputs
from tests.cli.command import dtorch


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with the files a and b."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).touch()
    yield
    protected_inputs.clear()


@click.command()
@click.argument("files", nargs=-1, type=PATH)
@click.option("--out", type=OUTPUT_FILE)
@click.option("--name")
def command(files, out, name):
    """A command that reads FILES, and b."""
    protect_named_inputs()
    protect_inputs(["b", None])


def run(*words):
    """The error of a run of the command; `main` forgets its inputs after each one."""
    protected_inputs.clear()
    return CliRunner().invoke(command, words).exception


@pytest.mark.parametrize("out", ["a", "b", "./a"])
def test_an_output_that_is_an_input_is_refused(out):
    error = run("x", "a", "--out", out)
    assert isinstance(error, UsageError)
    assert (error.where, error.what) == (out, "cannot be written over an input")


def test_other_outputs_standard_output_and_values_that_are_no_paths_are_accepted():
    for words in (
        ["a"],
        ["a", "--out", "new"],
        ["a", "--out", "-"],
        ["--out", "a", "--name", "a"],
    ):
        assert run(*words) is None, words


def test_what_a_command_reads_stays_protected_until_it_ends():
    protect_inputs(["a"])  # outside of a command
    assert protected_inputs.find("a") == "a"
    assert dtorch("info", "no-such.cfg").exit_code == 2
    assert protected_inputs.find("a") is None
