"""The commands and examples of the page about losses run, and its tables are complete."""

import re
import shlex

import pytest

from darknet_torch.losses.classic.family import IGNORED_OPTIONS
from darknet_torch.losses.classic.settings import ASSIGNMENTS, BOX_LOSS_NAMES, CLASS_LOSS_NAMES
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, blocks, commands
from tests.training.runs import DETECTOR, detector_data, written

PAGE = "docs/losses.md"


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    written(tmp_path, DETECTOR, "custom.cfg")
    (tmp_path / "custom.data").write_text(detector_data(tmp_path / "squares").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_work(in_folder):
    for command in commands(PAGE):
        result = dtorch(*shlex.split(command)[1:], "--workers", 0)
        assert result.exit_code == 0, result.output
    assert (in_folder / "giou" / "custom_final.weights").exists()


def test_the_examples_work(in_folder, capsys):
    names = {}
    for example in blocks(PAGE, "python"):
        exec(compile(example, PAGE, "exec"), names)
    assert len(names["result"].losses) == 2


def test_the_tables_name_each_choice_and_each_option_without_effect():
    rows = re.findall(r"^\| `([\w-]+)` \|", (ROOT / PAGE).read_text(), re.MULTILINE)
    assert {*BOX_LOSS_NAMES, *ASSIGNMENTS, *CLASS_LOSS_NAMES} <= set(rows)
    table = (ROOT / PAGE).read_text().partition("## Options of the cfg")[2]
    named = set(re.findall(r"`(\w+)`", table))
    assert named >= {name for names in IGNORED_OPTIONS.values() for name in names}
