"""Every command and example of the page about anchors runs."""

import shlex
import shutil

import numpy as np
import pytest

from tests.cli.command import dtorch
from tests.docs.pages import blocks, commands
from tests.toy.files import CFG

PAGE = "docs/anchors.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a cfg and a data set of 40 boxes."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    shutil.copy(CFG, "custom.cfg")
    sizes = np.random.default_rng(0).uniform(0.01, 0.9, (40, 2))
    lines = [f"0 0.5 0.5 {width} {height}" for width, height in sizes]
    (tmp_path / "picture.txt").write_text("\n".join(lines))
    (tmp_path / "train.txt").write_text("picture.jpg\n")
    (tmp_path / "obj.data").write_text("classes=1\ntrain=train.txt\n")
    return tmp_path


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command, folder):
    program, *arguments = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*arguments)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("example", blocks(PAGE, "python"))
def test_the_example_works(example, folder, capsys):
    exec(compile(example, PAGE, "exec"), {})
    assert 0.5 < float(capsys.readouterr().out) < 1


def test_there_are_commands_and_an_example():
    assert len(commands(PAGE)) >= 6
    assert len(blocks(PAGE, "python")) == 1
