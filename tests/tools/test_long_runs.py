"""Measuring long runs: what is looked at, and what counts as flat."""

import os
import subprocess
import sys

import pytest

from tools.process_samples import LongRun, Sample, is_flat, look, measure

MEBIBYTE = 2**20
_LEAK = """
import time
held = []
for number in range(COUNT):
    held.append((bytearray(2**20), open('/dev/null')))
    print('found')
    time.sleep(.005)
"""


def loop(code):
    return LongRun("a loop", 0, ("-c", code), "found")


def test_samples_along_a_run_show_what_it_gathers(tmp_path):
    start, middle, end = measure(loop(_LEAK), tmp_path, 40)
    assert 8 < (middle.memory - start.memory) / MEBIBYTE < 16
    assert 8 < (end.memory - middle.memory) / MEBIBYTE < 16
    assert middle.files - start.files == end.files - middle.files == 12
    assert not is_flat([start, middle, end])


@pytest.mark.parametrize("code", ["print('found')", "raise SystemExit(3)"])
def test_a_run_that_fails_or_ends_early_is_an_error(tmp_path, code):
    # It may end between two looks or, on a busy machine, during one.
    with pytest.raises(RuntimeError, match=r"a loop: status|ended before it was looked at"):
        measure(loop(code), tmp_path, 20)


def test_what_started_processes_hold_is_added():
    alone = look(os.getpid())
    code = "print('ready'); input()"
    with subprocess.Popen(
        [sys.executable, "-uc", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        both = look(os.getpid())
        assert both.files >= alone.files + 3 + 2  # and the ends of the two pipes here
        assert both.memory >= alone.memory + look(process.pid).memory / 2
        process.stdin.close()


def test_a_process_that_has_ended_holds_nothing_to_measure():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(RuntimeError, match="ended before"):
            look(process.pid)


@pytest.mark.parametrize(
    ("memory", "files", "flat"),
    [(100, 9, True), (103, 9, True), (90, 8, True), (104, 9, False), (100, 10, False)],
)
def test_flat_means_no_growth_from_the_middle_on(memory, files, flat):
    samples = [Sample(50 * MEBIBYTE, 9), Sample(100 * MEBIBYTE, 9)]
    assert is_flat([*samples, Sample(memory * MEBIBYTE, files)]) is flat
