"""Every command of the page about the other commands runs, and its list of models is complete."""

import re
import shlex

import pytest

from darknet_torch.cfg.zoo import shipped
from tests.cli.command import dtorch
from tests.docs.pages import LETTERS, ROOT, commands, fill_folder, save_untrained

PAGE = "docs/other-commands.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that the page assumes."""
    folder = tmp_path_factory.mktemp("other-commands")
    fill_folder(folder)
    (folder / "cifar.names").write_text("".join(f"kind {number}\n" for number in range(10)))
    (folder / "letters.cfg").write_text(LETTERS)
    save_untrained(folder, "cifar", "letters")
    (folder / "text.txt").write_text("Once upon a time.\n")
    return folder


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    program, *words = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*words)
    assert result.exit_code == 0, result.output
    assert result.stdout


def test_every_shipped_definition_is_listed():
    rows = (ROOT / PAGE).read_text().partition("## Shipped definitions")[2].partition("\n## ")[0]
    cells = "".join(row for row in rows.splitlines() if row.startswith("| "))
    assert sorted(re.findall(r"`(.+?)`", cells)) == sorted(shipped(".cfg"))
