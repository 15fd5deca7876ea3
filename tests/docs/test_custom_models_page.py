"""Every command of the page about custom models runs, and prints what the page shows."""

import shlex
import shutil

import pytest

from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import darknet
from tests.docs.pages import ROOT, blocks, commands
from tests.lint.cfgs import KNOWN_FINDINGS
from tests.toy.files import CFG, NAMES, WEIGHTS

PAGE = "docs/custom-models.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a custom model and a data set with its three classes."""
    monkeypatch.chdir(tmp_path)
    for file in (CFG, WEIGHTS, NAMES):
        shutil.copy(file, f"custom{file.suffix}")
    # About as large as the model's anchor, 36 x 36 of 160 pixels.
    boxes = [f"{i % 3} .5 .5 {0.2 + i / 200} {0.25 - i / 200}" for i in range(12)]
    data = darknet(tmp_path, ["\n".join(boxes)])
    shutil.copy("custom.names", "obj.names")
    (tmp_path / "obj.data").write_text(
        data.read_text().replace("classes=2", "classes=3").replace("toy", "obj")
    )
    return tmp_path


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command, folder):
    program, *arguments = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*arguments)
    assert result.exit_code == 0, result.output


def test_the_page_shows_the_printed_lines(folder):
    printed = dtorch("new", "yolov4-tiny", "--classes", 3).stdout
    assert printed in blocks(PAGE, "text")


def test_the_page_shows_the_printed_finding(folder):
    dtorch("new", "yolov4-tiny", "--data", "obj.data", "--out", "obj.cfg")
    text = (folder / "obj.cfg").read_text().replace("filters = 24", "filters = 255", 1)
    (folder / "obj.cfg").write_text(text)
    assert blocks(PAGE, "text")[1] in dtorch("check", "obj.cfg").stdout


def test_the_page_lists_the_definitions_with_findings():
    page = (ROOT / PAGE).read_text()
    table = page.partition("except these:")[2].partition("###")[0]
    named = {name for line in table.splitlines() for name in line.split("|")[1:2]}
    assert {word for cell in named for word in cell.strip().split(", ")} >= set(KNOWN_FINDINGS)


def test_there_are_commands_on_the_page():
    assert len(commands(PAGE)) >= 9
