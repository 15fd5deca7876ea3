"""Workers that do well, fail, die and hang; functions stand for sources of samples."""

import os
import signal
import threading
from contextlib import closing

import numpy as np
import pytest

from darknet_torch.augment import pictures
from darknet_torch.errors import TrainingError, UsageError
from darknet_torch.training.workers import AHEAD, Workers


def workers(work, count=2, **options):
    given = {"receive": lambda result: result, "on_wait": print, **options}
    return Workers(work, count, **given)


def squares(task):
    return np.full(3, task**2)


def failure(work, **options):
    """The error that ends the results of `work`."""
    with pytest.raises(TrainingError) as caught:
        list(workers(work, **options).results(range(6)))
    return caught.value


@pytest.mark.parametrize(("count", "tasks"), [(1, 3), (2, 25), (3, 1), (2, 0)])
def test_results_come_in_the_order_of_the_tasks(count, tasks):
    found = [int(result[0]) for result in workers(squares, count).results(range(tasks))]
    assert found == [task**2 for task in range(tasks)]


def test_no_more_tasks_are_taken_than_are_worked_on_in_advance():
    taken = iter(range(1000))
    with closing(workers(squares).results(taken)) as results:
        assert next(results).tolist() == [0, 0, 0]
    assert next(taken) == 2 * AHEAD + 1


def test_workers_are_gone_when_the_results_are_closed():
    def own_number(task):
        return os.getpid()

    with closing(workers(own_number).results(range(9))) as results:
        numbers = {next(results), next(results)}
    assert len(numbers) == 2
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_results_are_received_in_another_thread():
    made_in = list(
        workers(squares, receive=lambda result: threading.current_thread()).results(range(2))
    )
    assert threading.main_thread() not in made_in


def test_the_end_of_a_path_that_is_too_long_is_named():
    def work(task):
        pictures._on_reading.get()("\udcff" + "a" * 9000 + "/b.png")
        os._exit(1)

    assert failure(work, count=1).where.endswith("aaa/b.png")


def kill_at_2(task):
    pictures._on_reading.get()(f"picture {task}.png")
    if task == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def test_a_killed_worker_ends_the_results_with_its_signal_and_picture():
    error = failure(kill_at_2)
    assert error.what == "a process that loads pictures ended"
    assert error.where == "worker 1 of 2, 2, picture 2.png"
    assert error.expected == "a mini-batch"
    assert error.got.startswith("SIGKILL (killed from outside, as the system does when memory")
    assert "fewer --workers" in error.fix
    assert "--workers 0" in error.fix


def exit_at_2(task):
    if task == 2:
        os._exit(3)
    return task


def test_a_worker_that_exits_ends_the_results_with_its_status():
    error = failure(exit_at_2)
    assert (error.where, error.got) == ("worker 1 of 2, 2", "exit status 3")
    assert "--workers 0" in error.fix


ERRORS = [
    (ValueError("no\nsuch thing"), "ValueError: no\nsuch thing (", "--workers 0"),
    (MemoryError("Unable to allocate 3 GiB"), "MemoryError: Unable", "fewer --workers"),
    (SystemExit(4), "SystemExit: 4 (", "--workers 0"),
    (KeyboardInterrupt(), "KeyboardInterrupt (", "--workers 0"),
    (GeneratorExit(), "GeneratorExit (", "--workers 0"),
]


@pytest.mark.parametrize(("raised", "got", "fix"), ERRORS)
def test_any_exception_ends_the_results_with_its_place(raised, got, fix):
    def work(task):
        raise raised

    error = failure(work, name="process 1, ", count=1)
    assert error.what == "a process that loads pictures failed"
    assert error.where == "process 1, worker 1 of 1, 0"
    assert error.got.startswith(got)
    assert "test_workers.py:" in error.got
    assert "Traceback" not in str(error)
    assert fix in error.fix


def test_an_error_that_explains_itself_is_raised_as_it_is():
    def work(task):
        raise UsageError("no picture", where="list", fix="add one")

    with pytest.raises(UsageError) as caught:
        list(workers(work).results(range(3)))
    assert str(caught.value) == "list: no picture; add one"
    assert caught.value.fix == "add one"


def test_a_result_that_cannot_be_sent_is_an_error():
    assert "pickle" in failure(lambda task: lambda: None).got


def test_an_error_on_the_side_of_the_training_is_an_error():
    def full(result):
        raise MemoryError("no page-locked memory")

    assert failure(squares, receive=full).got.startswith("MemoryError: no page-locked memory")


def test_the_end_of_a_worker_is_known_before_the_other_results_are_used():
    """A long iteration must not run to its end before the run ends."""

    def work(task):
        if task == 1:
            os._exit(1)
        return task

    with closing(workers(work).results(range(100))) as results, pytest.raises(TrainingError):
        for _ in range(2):
            next(results)


def test_a_wait_is_reported_again_and_again_until_it_ends(tmp_path):
    """A picture on a dead network folder; here in a pipe that nobody writes to at first."""
    pipe = tmp_path / "picture.png"
    os.mkfifo(pipe)
    said = []

    def work(task):
        pictures._on_reading.get()(str(pipe))
        return pipe.read_text()

    def on_wait(text):
        said.append(text)
        if len(said) >= 2 and str(pipe) in text:  # the worker has said what it opens
            pipe.write_text("done")

    found = workers(work, 1, on_wait=on_wait, patience=0.01).results(["mini-batch 1"])
    assert list(found) == ["done"]
    assert said[-1].startswith(f"waiting for worker 1 of 1, mini-batch 1, {pipe}: ")
    assert said[0].startswith("waiting for worker 1 of 1, mini-batch 1")


def test_signals_of_the_whole_group_do_not_end_workers():
    def work(task):
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            os.kill(os.getpid(), getattr(signal, name))
        return task

    assert list(workers(work).results(range(4))) == [0, 1, 2, 3]


def test_a_worker_that_cannot_be_started_says_why(monkeypatch):
    def full(self):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", full)
    error = failure(squares)
    assert error.where == "worker 1 of 2"
    assert error.got == "Resource temporarily unavailable"
    assert error.expected == "room for 2 processes"
    assert error.fix.startswith("use fewer of them")
