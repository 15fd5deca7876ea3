"""When threads wait for cores, one warning says what helps."""

import os
import sys
import threading

import pytest

from darknet_torch.cpu import contention
from darknet_torch.cpu.contention import (
    Contention,
    ContentionMonitor,
    CpuTimes,
    compare,
    count_times,
    watching_contention,
)
from darknet_torch.cpu.cores import Cores

TWO, SIXTEEN = Cores(2, 2), Cores(16, 8)


@pytest.mark.parametrize(
    ("waiting", "others", "threads", "cores", "harmful"),
    [
        (0.01, 0.0, 2, TWO, False),  # a quiet machine
        (0.45, 0.05, 2, TWO, False),  # threads that compute and threads that read, nothing else
        (0.45, 0.1, 8, SIXTEEN, False),
        (0.05, 1.0, 2, TWO, False),  # others run on cores that are free
        (0.33, 0.67, 2, TWO, True),  # one other busy process on two cores
        (0.5, 1.0, 2, TWO, True),  # two of them
        (0.5, 1.0, 1, TWO, False),  # nothing is left to change
        (0.6, 0.0, 8, TWO, True),  # more threads than cores
        (0.6, 0.0, 16, Cores(16, 8, 2.0), True),  # more threads than the quota grants
        (0.05, 0.0, 16, SIXTEEN, False),
    ],
)
def test_fewer_threads_are_advised_where_they_would_help(waiting, others, threads, cores, harmful):
    assert Contention(waiting, others, threads, cores).is_harmful is harmful


def test_shares_follow_from_what_was_counted():
    before = CpuTimes(100.0, {"1": (10.0, 1.0), "2": (5.0, 0.0)}, busy=50.0, own=15.0)
    after = CpuTimes(110.0, {"1": (16.0, 5.0), "3": (2.0, 8.0)}, busy=70.0, own=24.0)
    found = compare(before, after, 2, TWO)
    assert found.waiting == pytest.approx(12 / 20)
    assert found.others == pytest.approx(1.1)


def test_a_process_that_hardly_runs_does_not_wait():
    before = CpuTimes(0.0, {"1": (0.0, 0.0)}, busy=0.0, own=0.0)
    after = CpuTimes(10.0, {"1": (0.1, 0.4)}, busy=20.0, own=0.1)
    assert not compare(before, after, 2, TWO).is_harmful


def test_the_message_has_the_figures_and_the_way_out():
    text = Contention(0.54, 1.1, 2, TWO).message()
    assert "54% of their time spent waiting" in text
    assert "other programs use 1.1 of 2 cores" in text
    assert "--threads 1 (or OMP_NUM_THREADS=1)" in text
    assert "fewer --workers" in text
    assert (
        "16 threads compute on 1.5 cores" in Contention(0.5, 9, 16, Cores(32, 32, 1.5)).message()
    )


def waiting_times(seconds):
    return CpuTimes(seconds, {"1": (seconds / 2, seconds / 2)}, busy=2 * seconds, own=seconds / 2)


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(contention, "_INTERVAL", 0.0)
    monkeypatch.setattr(contention, "usable_cores", lambda: TWO)


def test_the_warning_comes_once(at_once):
    moments, warnings = iter(map(waiting_times, (10.0, 20.0, 30.0, 40.0))), []
    monitor = ContentionMonitor(2, warnings.append, count=lambda program: next(moments))
    for _ in range(4):
        monitor.check()
    assert len(warnings) == 1


def test_nothing_is_counted_before_it_is_time_again():
    calls = []
    monitor = ContentionMonitor(
        2, print, count=lambda program: calls.append(program) or waiting_times(1.0)
    )
    for _ in range(3):
        monitor.check()
    assert calls == [os.getpid()]


def test_a_system_that_does_not_count_is_asked_once(at_once):
    calls = []
    monitor = ContentionMonitor(2, print, count=calls.append)
    monitor.check()
    monitor.check()
    assert len(calls) == 1


def test_a_thread_watches_while_the_block_runs(at_once, monkeypatch):
    warnings, warned_once = [], threading.Event()
    seconds = iter(range(10, 10**9, 10))
    monkeypatch.setattr(contention, "count_times", lambda program: waiting_times(next(seconds)))

    def report(text):
        warnings.append(text)
        warned_once.set()

    with watching_contention(2, report):
        assert warned_once.wait(10)
    assert len(warnings) == 1
    assert not any(thread.name == "contention" for thread in threading.enumerate())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts waits")
def test_linux_counts_what_this_process_runs():
    before = count_times(os.getpid())
    if before is None:
        pytest.skip("this kernel counts no waits")
    sum(range(3_000_000))
    after = count_times(os.getpid())
    assert after.own >= before.own
    assert after.busy > 0
    mine = str(threading.get_native_id())
    assert after.threads[mine][0] > before.threads[mine][0]
    assert 0 <= compare(before, after, 2, TWO).waiting <= 1


def test_a_system_without_proc_counts_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(contention, "_PROC", tmp_path)
    assert count_times(os.getpid()) is None
