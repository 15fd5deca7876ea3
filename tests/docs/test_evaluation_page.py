"""The commands and the example of the page about evaluation."""

import shlex
import shutil

import pytest

from tests.cli.command import dtorch
from tests.cli.labelled_sample import make_data
from tests.docs.pages import blocks, commands
from tests.toy.files import CFG, WEIGHTS

PAGE = "docs/evaluation.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a network and a data set under the names of the page."""
    folder = tmp_path_factory.mktemp("evaluation")
    make_data(folder).rename(folder / "obj.data")
    for file in (CFG, WEIGHTS):
        shutil.copy(file, folder / f"yolo{file.suffix}")
    return folder


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    program, *arguments = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*arguments)
    assert result.exit_code == 0, result.stderr
    assert ("best threshold: " in result.stdout) != ("--out" in arguments)


@pytest.mark.parametrize("example", blocks(PAGE, "python"))
def test_the_example_reads_what_the_commands_have_written(example, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    exec(compile(example, PAGE, "exec"), {})
    errors, best, files = capsys.readouterr().out.splitlines()
    assert errors.startswith("{'missed': 1, 'class': ")
    assert "'all': " in best
    assert files.count(".png") == 5
