"""Streams that a program is started without, and names that a terminal would obey."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from darknet_torch.cli.main import main
from darknet_torch.cli.standard_streams import open_missing_streams
from tests.cli.command import ROOT, dtorch
from tests.cli.terminals import terminal
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS

ESCAPE = "\x1b[31m"


class FullStream:
    """A stream to which nothing can be written."""

    encoding, closed = "utf-8", False

    def __init__(self, error):
        self.error = error

    def isatty(self):
        return False

    def write(self, text):
        raise self.error

    def flush(self):
        raise self.error

    def fileno(self):
        raise self.error


FULL, GONE = OSError(28, "No space left on device"), BrokenPipeError(32, "Broken pipe")
NO_ROOM, NO_READER = "got No space left on device", "the reader of the output is gone"


@pytest.mark.parametrize(("error", "status", "what"), [(FULL, 2, NO_ROOM), (GONE, 141, NO_READER)])
@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["version"],
        ["help", "detect"],
        ["detect", "--help"],
        ["completion", "bash"],
        ["info", str(CFG)],
        ["download", "--list"],
        ["detect", str(CFG), str(WEIGHTS), str(PICTURE)],
    ],
    ids=" ".join,
)
def test_output_that_cannot_be_written_ends_a_command(
    words, error, status, what, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "stdout", FullStream(error))
    with pytest.raises(SystemExit) as stop:
        main(words, prog_name="dtorch")
    assert stop.value.code == status
    errors = capsys.readouterr().err
    assert errors.startswith("dtorch: ")
    assert what in errors


@pytest.mark.parametrize(
    ("words", "status"), [(["--nope"], 2), (["nope"], 2), (["info", "absent.cfg"], 2)]
)
def test_an_error_that_cannot_be_written_keeps_its_status(words, status, monkeypatch):
    monkeypatch.setattr(sys, "stderr", FullStream(FULL))
    with pytest.raises(SystemExit) as stop:
        main(words, prog_name="dtorch")
    assert stop.value.code == status


_CODE = """
import os, sys
from darknet_torch.cli.standard_streams import open_missing_streams
open_missing_streams()
with open(sys.argv[1], "w") as file:
    os.write(1, b"from a library in C")
    print("from Python", file=sys.stderr, flush=True)
    print(file.fileno() > 2, sys.stdin.read() == "", sys.stdout.fileno(), file=file)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_closed_streams_get_into_no_file(tmp_path):
    out = tmp_path / "out"
    shell = '"$@" >&- 2>&- <&-'
    words = [sys.executable, "-c", _CODE, out]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(["sh", "-c", shell, "sh", *words], check=True, env=environment)
    assert out.read_text() == "True True 1\n"


def test_streams_that_are_there_stay(monkeypatch):
    before = sys.stdin, sys.stdout, sys.stderr
    open_missing_streams()
    assert (sys.stdin, sys.stdout, sys.stderr) == before
    monkeypatch.setattr(sys, "stdout", None)
    open_missing_streams()
    assert sys.stdout.fileno() == 1


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """The toy model, with an escape sequence in the names of a class and of the picture."""
    monkeypatch.chdir(tmp_path)
    names = Path(NAMES).read_text().split()
    Path("n.names").write_text("".join(f"{ESCAPE}{name}\n" for name in names))
    shutil.copy(PICTURE, f"{ESCAPE}.png")
    return ["detect", CFG, WEIGHTS, "--names", "n.names", f"{ESCAPE}.png"]


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv"])
def test_no_name_reaches_the_terminal_as_it_is(form, hostile):
    result = dtorch(*hostile, "--format", form)
    assert "31m" in result.stdout
    assert "\x1b" not in result.output


def test_errors_of_click_and_paths_are_escaped(hostile, monkeypatch):
    for words in ([f"--{ESCAPE}"], ["detect", f"--{ESCAPE}"], [ESCAPE], ["info", ESCAPE]):
        result = dtorch(*words)
        assert "31m" in result.stderr
        assert "\x1b" not in result.output
    with terminal(monkeypatch) as shown:
        with pytest.raises(SystemExit):
            main(["detect", f"--{ESCAPE}"], prog_name="dtorch")
        assert "\x1b" not in shown.getvalue()
