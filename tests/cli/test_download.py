"""`dtorch download`, and downloaded weights by name in other commands."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from darknet_torch.downloads.published import PUBLISHED, Published
from tests.cli.command import dtorch
from tests.cli.terminals import set_terminal_variables
from tests.downloads.server import good, interrupting, publish, stalling, status
from tests.toy.files import CFG, PICTURE, WEIGHTS

DATA = WEIGHTS.read_bytes()
ROOT = Path(__file__).resolve().parents[2]


def test_the_path_goes_to_standard_output_and_the_rest_to_standard_error(
    server, toy, cache, monkeypatch
):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[status(404)], b=[good]))
    result = dtorch("download", "toy")
    assert (result.exit_code, result.stdout) == (0, f"{cache / 'toy.weights'}\n")
    assert "/a/toy.weights: 404 Not Found\n" in result.stderr
    assert (cache / "toy.weights").read_bytes() == DATA
    again = dtorch("download", "toy", "toy.weights")
    assert (again.stdout, again.stderr) == (result.stdout, "")


def test_options_of_the_command(server, toy, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    for force in ([], ["--force"]):
        result = dtorch("download", "toy", "--to", tmp_path / "here", "--quiet", *force)
        assert result.stdout == f"{tmp_path / 'here' / 'toy.weights'}\n"
        assert result.stderr == ""
    assert len(server.requests) == 2


def test_a_server_that_stalls_is_given_up_after_the_timeout(server, toy, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[stalling]))
    result = dtorch("download", "toy", "--timeout", "0.2")
    assert result.exit_code == 1
    assert "no data for 0.2 s" in result.stderr


def test_a_failed_download_is_reported_and_the_others_are_fetched(server, toy, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[status(403)]))
    result = dtorch("download", "--quiet", "toy")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "dtorch: toy.weights: could not be downloaded from any server\n  http"
    )
    assert "403 Forbidden" in result.stderr


@pytest.mark.parametrize("part_of", ["toy.weights", ""])
def test_without_a_partial_file_training_works_as_the_message_says(
    server, cache, monkeypatch, part_of
):
    whole, part = Published("toy.weights", 100), Published("toy.conv.2", 60, part_of=part_of)
    publish(monkeypatch, whole, part)
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[status(404)] * 3))
    line = "\n  training works without it, from random numbers: leave out --weights\n"
    assert dtorch("download", "toy.conv.2").stderr.endswith(line)
    assert line not in dtorch("download", "toy").stderr


def test_each_reason_is_printed_once(server, toy, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[status(403)], b=[status(404)]))
    result = dtorch("download", "toy")
    assert result.exit_code == 1
    for reason in ("403 Forbidden", "404 Not Found", "could not be downloaded", "put the file at"):
        assert result.stderr.count(reason) == 1


def test_an_unknown_name_ends_it_before_anything_is_fetched(server, toy, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    result = dtorch("download", "toy", "toi.weights")
    assert result.exit_code == 2
    assert "did you mean 'toy.weights'?" in result.stderr
    assert server.requests == []


def test_the_list_has_every_file_and_whether_it_is_in_the_cache(cache):
    cache.mkdir()
    (cache / "yolov3.weights").touch()
    head, *lines = dtorch("download", "--list").stdout.splitlines()
    assert head.endswith(f"in {cache}")
    assert [line.split()[0] for line in lines] == [entry.name for entry in PUBLISHED]
    assert {line.split()[0] for line in lines if line.endswith("yes")} == {"yolov3.weights"}
    assert any(line.split()[1] == "248,007,048" for line in lines)


def test_downloaded_weights_go_by_name(server, toy, tmp_path, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    commands = (
        ("detect", "--cfg", CFG, "--weights", "toy", PICTURE),
        ("info", "--cfg", CFG, "--weights", "toy"),
        ("statistics", CFG, "toy.weights"),
        ("convert", "toy", tmp_path / "toy.pt", "--cfg", CFG),
    )
    for words in commands:
        missing = dtorch(*words)
        assert missing.exit_code == 2
        assert "not downloaded; to fetch it: dtorch download toy; without" in missing.stderr
    assert server.requests == []
    assert dtorch("download", "toy").exit_code == 0
    for words in commands:
        assert dtorch(*words).exit_code == 0, words
    assert dtorch(*commands[0]).stdout.count("triangle: ") == 2


def test_a_shipped_definition_takes_its_downloaded_weights(cache):
    cache.mkdir()
    shutil.copy(WEIGHTS, cache / "yolov3-tiny.weights")
    result = dtorch("detect", "--cfg", "yolov3-tiny", PICTURE)
    assert result.exit_code == 2
    assert f"{cache / 'yolov3-tiny.weights'}: " in result.stderr  # found, and too short for it


PROCESS = """
import sys
from darknet_torch.downloads import published
entry = published.Published("toy.weights", int(sys.argv[1]))
published._BY_NAME["toy"] = published._BY_NAME["toy.weights"] = entry
from darknet_torch.cli.main import main
main(["download", "toy"], prog_name="dtorch")
"""


def start(stderr=subprocess.PIPE):
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(len(DATA))],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_one_of_two_processes_fetches_and_the_other_waits(server, toy, cache, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[stalling]))
    first = start()
    assert first.stderr.readline().startswith("fetching ")
    with start() as second:
        assert second.stderr.readline().endswith("another process is fetching it; waiting\n")
        server.released.set()
        outputs = [process.communicate(timeout=20) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert [out for out, _ in outputs] == [f"{cache / 'toy.weights'}\n"] * 2
    assert (cache / "toy.weights").read_bytes() == DATA
    assert len(server.requests) == 1


def test_a_killed_download_is_resumed_by_the_next_process(server, toy, cache, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[stalling, good]))
    part = cache / ".toy.weights.part"
    with start() as process:
        while not (part.exists() and part.stat().st_size):
            assert process.poll() is None
        process.kill()
    assert not (cache / "toy.weights").exists()
    assert dtorch("download", "toy").exit_code == 0
    assert (cache / "toy.weights").read_bytes() == DATA
    assert server.requests[1][1].startswith("bytes=")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals of this kind")
def test_a_terminal_gets_a_progress_bar(server, toy, monkeypatch):
    set_terminal_variables(monkeypatch)
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[interrupting(len(DATA) // 2), good]))
    terminal, end = os.openpty()
    with start(end) as process:
        os.close(end)
        shown = b""
        with suppress(OSError):  # as reading ends when the last writer is gone
            while block := os.read(terminal, 1024):
                shown += block
    os.close(terminal)
    assert process.returncode == 0
    assert b"toy.weights" in shown
    assert b"100%" in shown
