"""Trainings in processes of their own, which are ended in every way that a process can end."""

import os
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, set_start_method
from pathlib import Path
from threading import Timer

from darknet_torch.cli.main import main
from darknet_torch.errors import DarknetError
from darknet_torch.interruption import Interrupted, raising_interrupted
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.setup import prepare
from tests.no_charts import draw_no_charts
from tests.training.runs import changed

FAILED = 2
_LONG = 60  # seconds after which a process that hangs is killed
FORK_SERVER = "forkserver"
_PROCESSES = get_context(FORK_SERVER)  # each starts with PyTorch imported
# torch.optim imports torch._dynamo at the first step, which takes longer than a run here.
_PROCESSES.set_forkserver_preload(["darknet_torch.training.setup", "torch._dynamo"])


# What a run writes to be looked at alone.
_RECORDS = ("_results.csv", "_events.jsonl", "_environment.json", ".png")


@dataclass(frozen=True)
class Stop:
    """What ends a training before its time: a signal at one of three kinds of moments.

    Attributes:
        number: the signal.
        rename: before this rename or link of a file, from 0; those of `_RECORDS` do not count.
        mini_batch: after this mini-batch, from 0.
        seconds: so long after the start.
        largest_file: instead of a signal, files cannot grow beyond so many bytes.
        times: how often the signal comes after the mini-batch.
    """

    number: int = signal.SIGKILL
    rename: int | None = None
    mini_batch: int | None = None
    seconds: float | None = None
    largest_file: int | None = None
    times: int = 1


class _StopAtMiniBatch(Callback):
    def __init__(self, stop):
        self.left, self.stop = stop.mini_batch, stop

    def on_mini_batch(self, loop, result):
        for _ in range(self.stop.times if self.left == 0 else 0):
            os.kill(os.getpid(), self.stop.number)
        self.left -= 1


def _stop_at_rename(stop):
    """Let the process be killed before one of the calls that give a file its name."""
    calls = {"count": 0}

    def counted(function):
        def call(*arguments, **more):
            if str(arguments[1]).endswith(_RECORDS):
                return function(*arguments, **more)
            if calls["count"] == stop.rename:
                os.kill(os.getpid(), stop.number)
            calls["count"] += 1
            return function(*arguments, **more)

        return call

    os.link, os.replace, os.rename = counted(os.link), counted(os.replace), counted(os.rename)
    Path.replace = os.replace


def _train(plan, stop):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # `pytest &` ignores it
    set_start_method("fork", force=True)  # a process of a fork server starts another one
    try:
        with raising_interrupted():  # as the command line does
            prepare(plan, _prepared(stop or Stop(mini_batch=-1))).run()
    except Interrupted as error:
        os._exit(error.exit_status)
    except DarknetError as error:
        with suppress(OSError):  # standard error may be a file that must not grow
            os.write(2, f"{error}\n".encode())
        os._exit(FAILED)
    os._exit(0)


def _prepared(stop):
    """Arrange the end of this process; return the callbacks that it takes."""
    if stop.rename is not None:
        _stop_at_rename(stop)
    if stop.seconds is not None:
        Timer(stop.seconds, os.kill, (os.getpid(), stop.number)).start()
    if stop.largest_file is not None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (stop.largest_file, hard))
    return [] if stop.mini_batch is None else [_StopAtMiniBatch(stop)]


def exit_status(plan, stop=None):
    """Train in another process; return its status, negative for the signal that killed it."""
    return status_of(_train, plan, stop)


def status_without_reader(words):
    """Run `dtorch` with these words where nobody reads its output; return its status."""
    return status_of(_without_reader, words)


def status_when_stopped(words, stop):
    """Run `dtorch` with these words until `stop`, a rename; return its status."""
    return status_of(_stopped, words, stop)


def _stopped(words, stop):
    _stop_at_rename(stop)
    main([str(word) for word in words], prog_name="dtorch")


def _without_reader(words):
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    main([str(word) for word in words], prog_name="dtorch")


def status_of(function, *arguments):
    """Call a function in another process; return its exit status.

    The process is not forked from this one, where threads of PyTorch may have run: it could
    wait for them for ever.
    """
    process = _PROCESSES.Process(target=_without_charts, args=(function, *arguments))
    process.start()
    process.join(_LONG)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode


def _without_charts(function, *arguments):
    draw_no_charts()
    function(*arguments)


def ends(plan):
    """The bytes of the weights that a training ends with."""
    names = ("_final.weights", "_last.weights", "_best.weights")
    return {name: plan.path(name).read_bytes() for name in names if plan.path(name).exists()}


def resumable(plan):
    """The plan to go on with after a stop: that of a new run if nothing was written yet."""
    written = plan.path("_last.state").exists() or plan.path("_previous.state").exists()
    return changed(plan, resume=written, overwrite=not written)


def seconds_of(plan):
    """How long a training takes in another process."""
    start = time.monotonic()
    assert exit_status(plan) == 0
    return time.monotonic() - start
