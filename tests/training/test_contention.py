"""A training that warns when its threads wait for cores."""

import os

import torch

from darknet_torch.cpu import contention
from darknet_torch.cpu.contention import CpuTimes
from darknet_torch.cpu.cores import Cores
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.setup import prepare
from tests.training.runs import changed


class Warnings(Callback):
    def __init__(self):
        self.texts = []

    def on_warning(self, loop, text):
        self.texts.append(text)


def busy_machine(monkeypatch):
    """Let each look at the times find that threads wait for cores that others use."""
    moments, programs = iter(range(10, 10**6, 10)), []

    def count(program):
        programs.append(program)
        now = next(moments)
        return CpuTimes(now, {"1": (now / 2, now / 2)}, busy=2.0 * now, own=now / 2)

    monkeypatch.setattr(contention, "_INTERVAL", 0.0)
    monkeypatch.setattr(contention, "count_times", count)
    monkeypatch.setattr(contention, "usable_cores", lambda: Cores(2, 2))
    return programs


def warnings_of(plan):
    heard = Warnings()
    prepare(plan, [heard]).run()
    return [text for text in heard.texts if "wait for cores" in text]


def test_it_warns_once_and_says_what_helps(plan, monkeypatch):
    programs = busy_machine(monkeypatch)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)  # two would wait on a busy machine
    (text,) = warnings_of(changed(plan, threads=1, max_batches=3))
    assert "a core for each of 2 threads" in text
    assert "--threads 1" in text
    assert set(programs) == {os.getpid()}


def test_with_one_thread_there_is_nothing_to_advise(plan, monkeypatch):
    programs = busy_machine(monkeypatch)
    assert warnings_of(changed(plan, threads=1, max_batches=3)) == []
    assert programs == []
