"""Runs a training in this process, or in several that train one network together."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import torch
import torch.distributed
from torch.multiprocessing.spawn import ProcessExitedException, spawn

from darknet_torch.errors import CfgNote, CfgWarning, DarknetError, TrainingError
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.distributed import Processes
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.setup import Training, prepare

_SUCCEEDED, _FAILED = 0, 2
_TEXT = {"encoding": "utf-8", "errors": "surrogateescape"}  # a path may hold any bytes

CallbackMaker = Callable[[], Sequence[Callback]]


def launch(plan: TrainPlan, devices: Sequence[str], make_callbacks: CallbackMaker) -> None:
    """Train on each of `devices`, in a process each if there are several.

    Args:
        plan: what to do; `devices` replace its own device.
        devices: such as ["cuda:0", "cuda:1"]; "cpu" may occur more than once.
        make_callbacks: makes the callbacks in the process that calls them; picklable.

    Raises:
        DarknetError: as `prepare` and `Training.run`, from a single process.
        TrainingError: one of several processes failed; it says which and why.
    """
    if len(devices) == 1:
        prepare(replace(plan, device=devices[0]), make_callbacks()).run()
        return
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder)
        try:
            arguments = (plan, tuple(devices), shared, make_callbacks)
            spawn(_train_one, arguments, nprocs=len(devices))
        except ProcessExitedException as error:
            rank = error.error_index
            message = _error_file(shared, rank)
            raise TrainingError(
                "one of the processes that train together failed",
                where=f"process {rank}, on {devices[rank]}",
                got=message.read_text(**_TEXT) if message.exists() else _how_it_ended(error),
            ) from None


def _train_one(
    rank: int,
    plan: TrainPlan,
    devices: Sequence[str],
    shared: Path,
    make_callbacks: CallbackMaker,
) -> None:
    """What each process does: join the others, train, leave.

    Args:
        rank: which of the processes this is, from 0.
        shared: a folder of all processes, where they meet and leave what ended them.
    """
    device, count = devices[rank], len(devices)
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(device)
    meeting = (shared / "meeting").as_uri()
    torch.distributed.init_process_group(
        "nccl" if on_gpu else "gloo", init_method=meeting, rank=rank, world_size=count
    )
    try:
        plan = replace(plan, device=device)
        prepare_with_messages(plan, make_callbacks(), Processes(rank, count)).run()
    except DarknetError as error:
        _error_file(shared, rank).write_text(str(error), **_TEXT)
        _leave(_FAILED)  # the others wait for this one and are ended by their parent
    torch.distributed.destroy_process_group()
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


def _error_file(shared: Path, rank: int) -> Path:
    """Where a process leaves the message of the error that ended it."""
    return shared / f"error_{rank}"


def _how_it_ended(error: ProcessExitedException) -> str:
    return error.signal_name or f"exit status {error.exit_code}"


def _leave(status: int) -> NoReturn:
    """End this process at once, everything being written.

    At a normal exit the C++ destructors of PyTorch meet threads of gloo that still run, and now
    and then abort the process ("terminate called without an active exception").
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
