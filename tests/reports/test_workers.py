"""Processes that load pictures, and others of a training: none of them may hang a run."""

import ctypes
import os
import re
import resource
import signal
import subprocess
import time
from functools import partial

import pytest

from darknet_torch.augment import picture_reading
from darknet_torch.training.batches import Batches
from tests.cli.command import dtorch
from tests.training.other_processes import status_of
from tests.training.runs import DETECTOR, detector_data, written

_NOT_PERMITTED = 77  # an exit status
_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS of unshare(2)
_LARGE = DETECTOR.replace("width=64", "width=256").replace("height=64", "height=256")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with small.cfg and small.data."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path, DETECTOR)
    data = detector_data(tmp_path / "data")
    (tmp_path / "small.data").write_text(data.read_text())
    return tmp_path


def train(*options, cfg="small.cfg", workers=2):
    files = ("--cfg", cfg, "--data", "small.data", "--backup", "weights", "--quiet")
    return dtorch("train", *files, "--workers", workers, *options)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_batch_needs_no_shared_memory(folder, workers):
    """ultralytics/yolov3 283: /dev/shm of a container (Docker: 64 MB) is too small for a batch.

    No process may make a file, there or elsewhere, of more than half a mini-batch.
    """
    written(folder, _LARGE, "large.cfg")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 256 * 3, before[1]))
    try:
        result = train("--max-batches", 2, cfg="large.cfg", workers=workers)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert result.exit_code == 0, result.output
    assert (folder / "weights/large_final.weights").exists()


def test_a_container_with_a_small_dev_shm_trains(folder):
    """ultralytics/yolov3 283, with a /dev/shm of 4 kB where the system lets us mount one."""
    written(folder, _LARGE, "large.cfg")
    status = status_of(train_with_dev_shm, folder, "4k")
    if status == _NOT_PERMITTED:
        pytest.skip("mounting another /dev/shm is not permitted")
    assert status == 0


def train_with_dev_shm(folder, size):
    """End this process with the status of a training that sees a /dev/shm of its own."""
    if ctypes.CDLL(None).unshare(_NEW_MOUNTS):
        os._exit(_NOT_PERMITTED)
    private = ("mount", "--make-rprivate", "/")
    mount = ("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", "/dev/shm")
    for command in (private, mount):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            os._exit(_NOT_PERMITTED)
    os.chdir(folder)
    os._exit(train("--max-batches", 2, cfg="large.cfg").exit_code)


def failing(monkeypatch, action):
    """Let `action` happen where the third picture of the list is read, in any process."""
    read = picture_reading.read_picture

    def read_or_fail(path, **options):
        if str(path).endswith("train_2.png"):
            action()
        return read(path, **options)

    monkeypatch.setattr(picture_reading, "read_picture", read_or_fail)


def test_a_worker_that_is_killed_for_memory_ends_the_run(folder, monkeypatch):
    """Own: the system kills a process that loads pictures when memory runs out."""
    failing(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGKILL))
    result = train()
    assert result.exit_code == 2
    assert re.search(
        r"worker \d of 2, mini-batch \d of iteration \d, \S*train_2\.png: "
        r"a process that loads pictures ended: expected a mini-batch, "
        r"got SIGKILL \(killed from outside, as the system does when memory runs out\); "
        r"if memory ran out .*fewer --workers.*--workers 0",
        result.output,
    ), result.output


def test_a_worker_that_exits_ends_the_run(folder, monkeypatch):
    """Own: a library ends the process, as decoders do on broken pictures."""
    failing(monkeypatch, lambda: os._exit(5))
    result = train()
    assert result.exit_code == 2
    assert "train_2.png: a process that loads pictures ended" in result.output
    assert "got exit status 5; --workers 0 loads pictures in the training" in result.output


@pytest.mark.parametrize(
    ("raised", "got", "fix"),
    [
        (ValueError("bad value"), "ValueError: bad value", "--workers 0"),
        (OSError(12, "Cannot allocate memory"), "OSError: [Errno 12] Cannot", "--workers 0"),
        (MemoryError("no room"), "MemoryError: no room", "fewer --workers"),
        (RecursionError("too deep"), "RecursionError: too deep", "--workers 0"),
    ],
)
def test_a_worker_that_raises_anything_ends_the_run(folder, monkeypatch, raised, got, fix):
    """Own: the error is named with its place, without a traceback."""

    def fail():
        raise raised

    failing(monkeypatch, fail)
    result = train()
    assert result.exit_code == 2
    assert "train_2.png: a process that loads pictures failed: expected" in result.output
    assert f"got {got}" in result.output
    assert "test_workers.py:" in result.output
    assert fix in result.output
    assert "Traceback" not in result.output


def test_a_picture_that_never_comes_is_named_while_the_run_waits(folder, monkeypatch):
    """Own: a picture on a network folder that is gone for a while."""
    there = folder / "there"

    def wait():
        while not there.exists():
            time.sleep(0.01)

    failing(monkeypatch, wait)
    said = []

    def on_waiting(self, loop, text):
        said.append(text)
        there.touch()

    monkeypatch.setattr("darknet_torch.cli.train_console.ConsoleProblems.on_waiting", on_waiting)
    monkeypatch.setattr("darknet_torch.training.setup.Batches", partial(Batches, patience=0.05))
    result = train("--max-batches", 2, workers=1)
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"waiting for worker 1 of 1, mini-batch \d of iteration \d, \S*train_2\.png: \d s", said[0]
    )


def test_more_subdivisions_than_pictures_are_explained_as_check_does(folder):
    """Own: one process said "fewer samples than there are processes"."""
    written(folder, DETECTOR.replace("subdivisions=2", "subdivisions=8"))
    found, refused = dtorch("check", "small.cfg"), train()
    assert refused.exit_code == 2
    words = (
        "a mini-batch, batch / subdivisions, has no pictures in Darknet: expected "
        "subdivisions=4 at most, the same as batch, got batch=4, subdivisions=8; "
        "write subdivisions=4"
    )
    assert words in found.output
    assert words in refused.output
    changed = train("--batch", 2, "--subdivisions", 3)
    assert "got batch=2, subdivisions=3; write subdivisions=2" in changed.output


def test_channels_that_train_refuses_are_refused_by_check(folder):
    """Own: `check` accepted channels=6."""
    written(folder, DETECTOR.replace("channels=3", "channels=6"))
    words = "got width=64, height=64, channels=6; write channels=3, or channels=1"
    for result in (dtorch("check", "small.cfg"), train()):
        assert result.exit_code
        assert words in result.output
