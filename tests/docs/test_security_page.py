"""The commands, the example, the limits and the named tests of the page about security."""

import re
import shlex

import pytest

from darknet_torch import downloads, http_client, text
from darknet_torch.cfg import class_lists, data_file, grammar, options
from darknet_torch.datasets import xml_file
from darknet_torch.media import sources, web_picture
from darknet_torch.media.sources import STREAM_SCHEMES
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, blocks, commands, fill_folder

PAGE = "docs/security.md"
TEXT = (ROOT / PAGE).read_text()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    fill_folder(tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command):
    program, *arguments = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*arguments)
    assert result.exit_code == 0, result.output


def test_the_example_prints_what_the_page_says(capsys):
    (example,) = blocks(PAGE, "python")
    exec(compile(example, PAGE, "exec"), {})
    said = re.search(r"print\(error\)  # (.*) \.\.\.", example)[1]
    assert capsys.readouterr().out.startswith(said)


def test_the_page_names_the_limits_of_the_code():
    assert f"a picture at {web_picture.MAX_BYTES >> 20} MiB" in TEXT
    assert f"within {downloads.TIMEOUT:g} s, or less than {http_client._SLOWEST} bytes" in TEXT
    assert web_picture.TIMEOUT == downloads.TIMEOUT
    assert f"A picture has {web_picture.LONGEST:g} s in all" in TEXT
    assert f"a pipe is read up to {text.MOST_AT_ONCE >> 20} MiB" in TEXT
    assert f"a line of standard input up to {sources._LONGEST_LINE:,} characters" in TEXT
    assert (
        f"maps of ids) {class_lists._LARGEST >> 20} MiB\nand {class_lists._MOST_LINES:,} lines"
        in TEXT
    )
    assert f"a cfg {grammar._LARGEST >> 20} MiB and {grammar._MOST_LINES:,} lines" in TEXT
    assert f"an option of it {options._MOST_NUMBERS:,} numbers; a `.data`\nfile" in TEXT
    assert f"file {data_file._LARGEST >> 10} KiB" in TEXT
    assert f"{xml_file._MOST:,} elements, {xml_file._DEEPEST} of them in each other" in TEXT
    named = re.search(r"URL of (.*?)\. `file:`", TEXT, re.DOTALL)[1]
    assert tuple(re.findall(r"`(\w+)`", named)) == STREAM_SCHEMES


def test_the_tests_that_it_names_exist():
    named = re.findall(r"`(tests/[^`]*)`", TEXT)
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists()] == []
