"""-log FILE takes everything that a command prints."""

import subprocess

import pytest

from darknet_torch.cli.log_file import output_to
from darknet_torch.errors import UsageError
from tests.cli.command import RUN, dtorch, python

DATA = "classes=1\ntrain=train.txt\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a data set of no pictures."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "obj.data").write_text(DATA)
    (tmp_path / "train.txt").write_text("absent.png\n")
    return tmp_path


def test_output_is_appended_to_the_file_and_an_error_is_not(folder):
    (folder / "run.log").write_text("before\n")
    words = "detector calc_anchors obj.data -width 32 -height 32 -log run.log".split()
    result = python(RUN, *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("dtorch: ")
    log = (folder / "run.log").read_text()
    assert log.startswith("before\n\n num_of_clusters = 5, width = 32, height = 32 \n")


def test_processes_that_are_started_write_there_too(folder, capfd):
    with output_to("run.log"):
        subprocess.run(["echo", "from a process"], check=True)
    assert (folder / "run.log").read_text() == "from a process\n"
    assert capfd.readouterr() == ("", "")


def test_a_log_never_replaces_an_input(folder):
    words = ("detector", "calc_anchors", "obj.data", "-width", 32, "-height", 32)
    result = dtorch(*words, "-log", "obj.data")
    assert result.exit_code == 2
    assert "obj.data" in result.stderr
    assert (folder / "obj.data").read_text() == DATA


def test_a_log_that_cannot_be_written_is_reported(folder):
    with pytest.raises(UsageError, match="the log cannot be written"), output_to("no/run.log"):
        pytest.fail("the block must not run")
    result = dtorch("detector", "calc_anchors", "obj.data", "-log", "no/run.log")
    assert result.exit_code == 2
    assert "no/run.log" in result.stderr
