"""Every command and example of the pages about conversion runs."""

import shlex

import pytest

from tests.cli.command import dtorch
from tests.docs.pages import (
    blocks,
    commands,
    fill_folder,
    save_port_checkpoint,
    save_resnet18,
    shorten_custom_model,
)

CONVERSION, MIGRATION = "docs/conversion.md", "docs/migration-from-ports.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model, a picture, a port's checkpoint and a backbone."""
    folder = tmp_path_factory.mktemp("conversion")
    fill_folder(folder)
    shorten_custom_model(folder)
    save_port_checkpoint(folder / "port.pth", folder / "custom.cfg", folder / "custom.weights")
    save_resnet18(folder / "resnet18.pth")
    return folder


# An export with NMS takes many seconds, and is a command of the README, too.
ELSEWHERE = {command for command in commands("README.md") if "--nms" in command}


@pytest.mark.parametrize(
    "command", [x for x in [*commands(CONVERSION), *commands(MIGRATION)] if x not in ELSEWHERE]
)
def test_the_command_works(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    program, *arguments = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*arguments)  # in this process, which has torch loaded already
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("example", blocks(CONVERSION, "python"))
def test_the_example_works(example, folder, monkeypatch):
    monkeypatch.chdir(folder)
    exec(compile(example, CONVERSION, "exec"), {})


def test_converting_back_restores_every_byte(folder):
    original = (folder / "custom.weights").read_bytes()
    assert (folder / "copy.weights").read_bytes() == original
    assert (folder / "from-port.weights").read_bytes()[20:] == original[20:]


def test_there_are_commands_on_both_pages():
    assert len(commands(CONVERSION)) >= 10
    assert len(commands(MIGRATION)) >= 4
