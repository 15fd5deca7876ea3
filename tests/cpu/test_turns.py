"""Processes that take turns: they answer, wait stopped, and end, whatever happens."""

import io
import json
import signal
import sys
import time
from pathlib import Path

import pytest

from darknet_torch.cpu import turns as turns_module
from darknet_torch.cpu.turns import LEAST_CALLS, Timing, Turns, Worker, WorkerError, serve, timed

ECHO = """
import sys
print('{"hello": 1}', flush=True)
for line in sys.stdin:
    word = line.strip()
    if word == "fail":
        sys.exit("it is broken")
    print('{"clocks": [%s, 3, 1], "cpu": null}' % word, flush=True)
"""


def start(code, **options):
    """Start a program of Python's as a worker."""
    return Worker([sys.executable, "-Sc", code], environment={}, **options)


def state(worker):
    """R, S, T, ... as Linux shows it; "" if the process is gone."""
    path = Path(f"/proc/{worker._process.pid}/stat")
    return path.read_text().rpartition(")")[2].split()[0] if path.exists() else ""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_worker_is_stopped_until_it_is_asked_and_ends_with_the_block():
    with start(ECHO) as worker:
        assert worker.greeting == {"hello": 1}
        assert worker.start_seconds > 0
        for number in (2, 7):
            while state(worker) != "T":  # the signal takes effect soon
                time.sleep(0.001)
            assert worker.ask(str(number))["clocks"] == [number, 3, 1]
    assert state(worker) == ""


def test_a_worker_that_cannot_be_stopped_answers_too(monkeypatch):
    monkeypatch.setattr(turns_module, "_CAN_STOP", False)
    with start(ECHO) as worker:
        assert worker.ask("2")["clocks"] == [2, 3, 1]
    assert worker._process.returncode == -signal.SIGKILL


def test_a_worker_that_ends_says_why(tmp_path):
    with start(ECHO) as worker, pytest.raises(WorkerError, match=r"^it is broken$"):
        worker.ask("fail")
    with pytest.raises(WorkerError, match=r"^it ended without a message$"):
        start("pass")
    with pytest.raises(WorkerError, match="it answered 'hello'"):
        start("print('hello', flush=True); input()")
    with pytest.raises(WorkerError, match="cannot be started: No such file"):
        Worker([str(tmp_path / "none")], environment={})


def test_a_worker_that_hangs_is_ended():
    with pytest.raises(WorkerError, match=r"did not answer within 0\.05 seconds"):
        start("input()", patience=0.05)


def test_turns_go_in_one_order_and_then_in_the_other():
    asked = []

    class Named:
        def __init__(self, name):
            self.name = name

        def ask(self, request):
            asked.append(self.name)
            return {"clocks": [len(asked)], "cpu": 0.5}

    with Turns() as turns:
        turns.workers = {name: Named(name) for name in "abc"}
        found = turns.measure("run", 3, names="ab")
    assert "".join(asked) == "abbaab"
    assert found["a"] == Timing((1, 4, 5), 1, 0.5)
    assert found["a"].median == 4
    assert found["a"].noise == (-0.75, 0.25)


def test_one_that_fails_is_left_out():
    with Turns() as turns:
        turns.add("good", lambda: start(ECHO))
        turns.add("bad", lambda: start(ECHO.replace('"fail"', '"2"')))
        turns.add("worse", lambda: start("raise ValueError('no engine')"))
        found = turns.measure("2", 2)
        assert found == {"good": Timing((2, 2), 1)}
        assert turns.failures == {"bad": "it is broken", "worse": "ValueError: no engine"}
        assert turns.measure("2", 1, until=0).keys() == {"good"}
        workers = turns.workers.values()
    assert all(worker._process.returncode is not None for worker in workers)


def test_no_round_begins_after_the_end_but_the_first():
    class Slow:
        calls = 0

        def ask(self, request):
            self.calls += 1
            return {"clocks": [1.0], "cpu": None}

    with Turns() as turns:
        turns.workers = {"slow": Slow()}
        assert turns.measure("run", 5, until=time.monotonic() - 1)["slow"].rounds == (1.0,)
        assert turns.measure("run", 5, until=time.monotonic() + 60)["slow"].rounds == (1.0,) * 5


def test_a_turn_has_some_calls_at_least():
    calls = []
    spent = timed(lambda: calls.append(1), 0)
    assert len(calls) == LEAST_CALLS + 1  # the first is not timed
    assert len(spent["clocks"]) == LEAST_CALLS
    assert spent["cpu"] >= 0
    assert timed(lambda: 0.5, 0, least=1, own_clock=True) == {"clocks": [0.5], "cpu": None}


def test_each_line_is_answered_with_a_line(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("run 1\nrun 2\n"))
    answers = io.StringIO()
    serve(lambda line: {"line": line}, {"version": "1"}, answers)
    lines = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert lines == [{"version": "1"}, {"line": "run 1"}, {"line": "run 2"}]


def test_what_libraries_print_does_not_mix_with_the_answers():
    root = str(Path(turns_module.__file__).parents[2])
    code = (
        f"import sys; sys.path.insert(0, {root!r}); from darknet_torch.cpu.turns import *; "
        "import os; answers = open_answers(); print('loading', flush=True); "
        "os.write(1, b'native'); serve(lambda line: sys.exit(), {'version': 1}, answers)"
    )
    with start(code) as worker:
        assert worker.greeting == {"version": 1}
        with pytest.raises(WorkerError, match="native"):
            worker.ask("run")
