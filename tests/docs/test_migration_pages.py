"""Every command and example of the pages for users of Darknet and of OpenCV runs."""

import re
import shlex
from pathlib import Path

import cv2
import pytest

from darknet_torch.compat import darknet
from tests.cli.command import dtorch
from tests.compat.darknet.toy import DARKNET_PY
from tests.docs.pages import ROOT, blocks, commands, fill_folder

PAGES = ("docs/migration-from-opencv.md", "docs/migration-from-darknet.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model, its .data file and pictures."""
    folder = tmp_path_factory.mktemp("migration")
    fill_folder(folder)
    (folder / "custom.data").write_text("classes = 3\nnames = custom.names\n")
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_and_then_the_examples_work(page, folder, monkeypatch):
    monkeypatch.chdir(folder)
    for command in commands(page):
        program, *arguments = shlex.split(command)
        assert program == "dtorch"
        files = [str(path) for word in arguments for path in expanded(word)]
        result = dtorch(*files)
        assert result.exit_code == 0, result.output
    for example in blocks(page, "python"):
        if "readNetFromONNX" in example and cv2.__version__ < "5":
            continue  # the page says so: OpenCV 5 reads it
        exec(compile(example, page, "exec"), {})


def test_the_page_of_darknet_py_names_what_is_there():
    text = (ROOT / PAGES[1]).read_text()
    named = set(re.findall(r"darknet\.(\w+)\(", text))
    assert len(named) >= 8
    assert named <= set(DARKNET_PY)
    assert all(hasattr(darknet, name) for name in named)


def expanded(word):
    """Expand a word as a shell does."""
    return sorted(Path().glob(word)) if "*" in word else [word]
