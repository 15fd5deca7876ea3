"""-log FILE takes everything that a command prints."""

import os
import subprocess
import sys

import click
import pytest

from darknet_torch import __version__
from darknet_torch.cli.log_file import output_to
from darknet_torch.errors import UsageError
from tests.cli.command import RUN, dtorch, python

SIZE = ("-width", 32, "-height", 32)
DATA = "classes=1\ntrain=train.txt\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a data set of no pictures."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "obj.data").write_text(DATA)
    (tmp_path / "train.txt").write_text("absent.png\n")
    return tmp_path


def test_output_is_appended_to_the_file_and_an_error_is_not(folder):
    words = "detector calc_anchors obj.data -width 32 -height 32 -log run.log".split()
    (folder / "run.log").write_text("# dtorch 0.1.0: an earlier run\n")
    result = python(RUN, *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("dtorch: ")
    part = (
        f"# dtorch {__version__}: dtorch detector calc_anchors\n\n num_of_clusters = 5, width = 32"
    )
    log = (folder / "run.log").read_text()
    assert log.startswith(f"# dtorch 0.1.0: an earlier run\n{part}")
    assert "dtorch: " not in log


def test_processes_that_are_started_write_there_too(folder, capfd):
    with click.Context(click.Command("x"), info_name="x"), output_to("run.log"):
        subprocess.run(["echo", "from a process"], check=True)
    assert (folder / "run.log").read_text() == f"# dtorch {__version__}: x\nfrom a process\n"
    assert capfd.readouterr() == ("", "")


def test_the_output_is_back_after_a_log_without_room(folder, monkeypatch):
    def fail():
        raise OSError(28, "No space left on device")

    before = [os.fstat(number) for number in (1, 2)]
    context = click.Context(click.Command("x"), info_name="x")
    with pytest.raises(OSError, match="No space"), context, output_to("run.log"):
        monkeypatch.setattr(sys.stdout, "flush", fail)
    monkeypatch.undo()
    assert all(map(os.path.samestat, before, map(os.fstat, (1, 2))))


def test_nothing_is_appended_to_other_files(folder):
    (folder / "notes.txt").write_text("mine\n")
    result = dtorch("detector", "calc_anchors", "obj.data", *SIZE, "-log", "notes.txt")
    assert result.exit_code == 2
    for part in ("notes.txt: ", "expected a new or empty file", "got a file with other content"):
        assert part in result.stderr
    assert (folder / "notes.txt").read_text() == "mine\n"


def test_a_device_takes_the_log(folder):
    with click.Context(click.Command("x"), info_name="x"), output_to("/dev/null"):
        subprocess.run(["echo", "dropped"], check=True)


def test_a_log_never_replaces_an_input(folder):
    result = dtorch("detector", "calc_anchors", "obj.data", *SIZE, "-log", "obj.data")
    assert result.exit_code == 2
    assert "obj.data" in result.stderr
    assert (folder / "obj.data").read_text() == DATA


def test_a_log_that_cannot_be_written_is_reported(folder):
    context = click.Context(click.Command("x"), info_name="x")
    with (
        context,
        pytest.raises(UsageError, match=r"no/run\.log: the log cannot be written"),
        output_to("no/run.log"),
    ):
        pytest.fail("the block must not run")
    result = dtorch("detector", "calc_anchors", "obj.data", *SIZE, "-log", "no/run.log")
    assert result.exit_code == 2
    assert "no/run.log" in result.stderr
