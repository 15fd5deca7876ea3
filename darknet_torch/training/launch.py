"""Runs a training in this process, or in several that train one network together."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed
from torch.multiprocessing.spawn import ProcessExitedException, spawn

from darknet_torch.errors import DarknetError, TrainingError
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.distributed import Processes
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.setup import prepare

_FAILED = 2

CallbackMaker = Callable[[], Sequence[Callback]]


def launch(
    plan: TrainPlan,
    devices: Sequence[str],
    make_callbacks: CallbackMaker,
    report_error: Callable[[DarknetError], None],
) -> None:
    """Train on each of `devices`, in a process each if there are several.

    Args:
        plan: what to do; `devices` replace its own device.
        devices: such as ["cuda:0", "cuda:1"]; "cpu" may occur more than once.
        make_callbacks: makes the callbacks in the process that calls them; picklable.
        report_error: called in the first of several processes with the error that ends it;
            picklable.

    Raises:
        DarknetError: as `prepare` and `Training.run`, from a single process.
        TrainingError: one of several processes failed, which has reported why.
    """
    if len(devices) == 1:
        prepare(replace(plan, device=devices[0]), make_callbacks()).run()
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        arguments = (plan, tuple(devices), meeting, make_callbacks, report_error)
        try:
            spawn(_train_one, arguments, nprocs=len(devices))
        except ProcessExitedException:
            raise TrainingError("one of the processes that train together failed") from None


def _train_one(
    rank: int,
    plan: TrainPlan,
    devices: Sequence[str],
    meeting: str,
    make_callbacks: CallbackMaker,
    report_error: Callable[[DarknetError], None],
) -> None:
    """What each process does: join the others, train, leave."""
    device, count = devices[rank], len(devices)
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(device)
    torch.distributed.init_process_group(
        "nccl" if on_gpu else "gloo", init_method=meeting, rank=rank, world_size=count
    )
    try:
        plan = replace(plan, device=device)
        prepare(plan, make_callbacks(), Processes(rank, count)).run()
    except DarknetError as error:
        if rank == 0:
            report_error(error)
        os._exit(_FAILED)  # the others wait for this one and are ended by their parent
    torch.distributed.destroy_process_group()
