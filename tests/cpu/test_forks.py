"""A child of a process that has computed raises an error, where it would wait for ever."""

import os
import signal
import sys

import pytest
import torch

from darknet_torch import Detector, load
from darknet_torch.cpu import forks
from darknet_torch.errors import UsageError
from tests.cli.command import python
from tests.toy.files import CFG, PICTURE, WEIGHTS
from tests.training.other_processes import status_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")

_REFUSED, _SECONDS = 7, 20
# Prints, for processes forked before and after a computation, which computations are refused.
_FORKS = """
import os, sys, threading
from pathlib import Path
from darknet_torch.cpu import forks
forks._POOLS = Path(sys.argv[1])

def is_refused(threads):
    try:
        forks.check_threads(threads)
    except forks.UsageError:
        return True

def fork(*functions):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    else:
        print(*[function() for function in functions], flush=True)
        os._exit(0)

def in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(is_refused(2)))
    thread.start()
    thread.join()
    return found[0]

fork(lambda: is_refused(2))
is_refused(1)
fork(lambda: is_refused(2))
is_refused(2)
fork(lambda: is_refused(2), lambda: is_refused(1), in_a_thread)
fork(lambda: fork(lambda: is_refused(2)))
"""


@pytest.mark.parametrize(("library", "answer"), [("/lib/libgomp.so.1", True), ("libomp.so", None)])
def test_only_computing_before_and_after_a_fork_is_refused(library, answer, tmp_path):
    maps = tmp_path / "maps"
    maps.write_text(library)
    result = python(_FORKS, str(maps))
    lines = ["None", "None", f"{answer} None None", str(answer), "None"]
    assert (result.stdout.splitlines(), result.stderr) == (lines, "")


def _detect_in_a_forked_process():
    torch.set_num_threads(2)
    detector = Detector(load(CFG, WEIGHTS))
    detector(PICTURE)
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    signal.alarm(_SECONDS)
    try:
        detector(PICTURE)
    except UsageError:
        os._exit(_REFUSED)


def test_a_detector_asks_whether_its_threads_are_there(monkeypatch, tmp_path):
    (tmp_path / "maps").write_text("libgomp.so.1")
    monkeypatch.setattr(forks, "_POOLS", tmp_path / "maps")
    monkeypatch.setattr(forks._pool, "lost", True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    with pytest.raises(UsageError, match="was forked from one that had computed"):
        Detector(load(CFG, WEIGHTS))(PICTURE)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="GNU's OpenMP alone waits")
def test_a_detector_raises_an_error_instead_of_waiting():
    assert status_of(_detect_in_a_forked_process) == _REFUSED
