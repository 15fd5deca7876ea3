"""Runs a training in this process, or in several that train one network together."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import torch
import torch.distributed

from darknet_torch.errors import CfgNote, CfgWarning, DarknetError, TrainingError, UsageError
from darknet_torch.interruption import Interrupted, find_interruption
from darknet_torch.printable import print_line
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.channel import Channel
from darknet_torch.training.child_processes import (
    advice_after_end,
    describe_end,
    describe_error,
    end_with_parent,
    not_started,
    start_child,
)
from darknet_torch.training.distributed import Processes
from darknet_torch.training.outcome import Outcome
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.process_group import (
    LOST_CONTACT,
    Member,
    PositionReporter,
    ProcessGroup,
)
from darknet_torch.training.setup import Training, prepare
from darknet_torch.training.workers import PATIENCE

_START_METHOD = "spawn"  # CUDA does not work in a process that was forked
_SUCCEEDED, _FAILED = 0, 2
_TEXT = {"encoding": "utf-8", "errors": "surrogateescape"}  # a path may hold any bytes

# The parent watches the processes; an evaluation, for which all wait for the first, may take long.
_TIMEOUT = timedelta(days=30)

CallbackMaker = Callable[[], Sequence[Callback]]


def _print_error(text: str) -> None:
    print_line(text, sys.stderr)


def launch(
    plan: TrainPlan,
    devices: Sequence[str],
    make_callbacks: CallbackMaker,
    *,
    on_wait: Callable[[str], None] = _print_error,
    patience: float = PATIENCE,
) -> Outcome:
    """Train on each of `devices`, in a process each if there are several.

    Args:
        plan: what to do; `devices` replace its own device.
        devices: such as ["cuda:0", "cuda:1"]; "cpu" may occur more than once.
        make_callbacks: makes the callbacks in the process that calls them; picklable.
        on_wait: called with a line for the user after every `patience` seconds in which one of
            several processes waits for another.
        patience: seconds.

    Returns:
        The numbers that the training gave.

    Raises:
        DarknetError: as `prepare` and `Training.run`, from a single process.
        UsageError: one of several GPUs does not exist.
        TrainingError: one of several processes failed; it says which and why.
        KeyboardInterrupt: the training was interrupted; all processes have ended.
    """
    if len(devices) == 1:
        training = prepare(replace(plan, device=devices[0]), make_callbacks())
        training.run()
        return training.outcome()
    _check_gpus(devices)
    with tempfile.TemporaryDirectory() as folder:
        shared, members = Path(folder), list[Member]()
        group = ProcessGroup(members, on_wait, patience)
        try:
            for rank in range(len(devices)):
                members.append(_started(rank, plan, tuple(devices), shared, make_callbacks))
            cause = group.wait()
        except KeyboardInterrupt as stop:
            group.stop(stop.number if isinstance(stop, Interrupted) else signal.SIGINT)
            raise
        finally:
            group.kill()
        if cause is not None:
            raise _error_of(cause, members.index(cause), shared)
        return Outcome.read(_outcome_file(shared))


def _check_gpus(devices: Sequence[str]) -> None:
    """Check that the GPUs exist, without taking memory there for this process."""
    count = torch.cuda.device_count()
    missing = [name for name in devices if (torch.device(name).index or 0) >= count]
    missing = [name for name in missing if torch.device(name).type == "cuda"]
    if missing:
        raise UsageError(
            "no such device",
            expected=f"the numbers of GPUs, 0 to {count - 1}" if count else "a GPU",
            got=", ".join(missing) + ("" if count else ", and PyTorch finds no GPU here"),
            fix="--processes trains on CPUs" if not count else None,
        )


def _started(
    rank: int,
    plan: TrainPlan,
    devices: Sequence[str],
    shared: Path,
    make_callbacks: CallbackMaker,
) -> Member:
    name = f"process {rank}, on {devices[rank]}"
    arguments = (rank, plan, devices, shared, make_callbacks)
    try:
        return Member(name, *start_child(_train_one, arguments, method=_START_METHOD))
    except OSError as error:
        raise not_started(name, len(devices), error) from None


def _error_of(cause: Member, rank: int, shared: Path) -> BaseException:
    """What ends the training because one of its processes has ended."""
    status, message = cause.process.exitcode, _error_file(shared, rank)
    stop = find_interruption(status or 0)
    if stop is not None:
        return stop
    written = message.exists()
    return TrainingError(
        "one of the processes that train together failed",
        where=cause.name,
        got=message.read_text(**_TEXT) if written else describe_end(status),
        fix=None if written else advice_after_end(status),
    )


def _train_one(
    rank: int,
    plan: TrainPlan,
    devices: Sequence[str],
    shared: Path,
    make_callbacks: CallbackMaker,
    channel: Channel,
) -> None:
    """What each process does: join the others, train, leave.

    Args:
        rank: which of the processes this is, from 0.
        shared: a folder of all processes, where they meet and leave what ended them.
        channel: the connection to the parent, which asks where this process is.
    """
    end_with_parent()
    _leave_terminal()
    callbacks = (PositionReporter(channel), *make_callbacks())
    device, count = devices[rank], len(devices)
    try:
        _join(rank, count, device, shared)
        plan = replace(plan, device=device)
        training = prepare_with_messages(plan, callbacks, Processes(rank, count))
        training.run()
        if training.loop.processes.is_first:
            training.outcome().save(_outcome_file(shared))
        torch.distributed.destroy_process_group()
    except KeyboardInterrupt as stop:
        _leave((stop if isinstance(stop, Interrupted) else Interrupted()).exit_status)
    except DarknetError as error:
        _error_file(shared, rank).write_text(str(error), **_TEXT)
        _leave(_FAILED)  # the others wait for this one and are ended by their parent
    except Exception as error:  # noqa: BLE001  raised by the parent
        _error_file(shared, rank).write_text(describe_error(error), **_TEXT)
        _leave(LOST_CONTACT if _in_collective(error) else _FAILED)
    _leave(_SUCCEEDED)


def prepare_with_messages(
    plan: TrainPlan, callbacks: Sequence[Callback], processes: Processes
) -> Training:
    """`prepare`, whose warnings go to the callbacks of the first process, in their own words."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CfgWarning)
        training = prepare(plan, callbacks, processes)
    for item in caught:
        kind = "note" if issubclass(item.category, CfgNote) else "warning"
        training.loop.events.on_message(training.loop, f"{kind}: {item.message}")
    return training


def _join(rank: int, count: int, device: str, shared: Path) -> None:
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(device)
    torch.distributed.init_process_group(
        "nccl" if on_gpu else "gloo",
        init_method=(shared / "meeting").as_uri(),
        rank=rank,
        world_size=count,
        timeout=_TIMEOUT,
    )


def _leave_terminal() -> None:
    """Let Ctrl-C and a closed terminal reach the parent alone, which passes them on."""
    if hasattr(os, "setsid"):
        os.setsid()


def _in_collective(error: Exception) -> bool:
    """Whether the exchange with the other processes raised the error."""
    return any(
        frame.f_globals.get("__name__", "").startswith("torch.distributed")
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )


def _error_file(shared: Path, rank: int) -> Path:
    """Where a process leaves the message of the error that ended it."""
    return shared / f"error_{rank}"


def _outcome_file(shared: Path) -> Path:
    """Where the first process leaves the numbers that the training gave."""
    return shared / "outcome.json"


def _leave(status: int) -> NoReturn:
    """End this process at once, everything being written.

    At a normal exit the C++ destructors of PyTorch meet threads of gloo that still run, and now
    and then abort the process ("terminate called without an active exception").
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # its reader may be gone
            stream.flush()
    os._exit(status)
