"""A training in this process, or in several that train together."""

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
from darknet_torch.training.distributed import Processes
from darknet_torch.training.engine import Listener, prepare, train
from darknet_torch.training.plan import TrainPlan

_FAILED = 2


def launch(plan: TrainPlan, devices: Sequence[str], make_listener: Callable[[], Listener]) -> None:
    """Train on each of `devices`, in a process each if they are several.

    Args:
        plan: what to do; its own device gives way to these.
        devices: such as ["cuda:0", "cuda:1"]; "cpu" may come more than once.
        make_listener: makes who is told, in the process that tells; picklable.

    Raises:
        DarknetError: as `prepare` and `train`, of one process.
        TrainingError: one of several processes failed, which has said why.
    """
    if len(devices) == 1:
        run = prepare(replace(plan, device=devices[0]))
        train(run, make_listener())
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        arguments = (plan, tuple(devices), meeting, make_listener)
        try:
            spawn(_one, arguments, nprocs=len(devices))
        except ProcessExitedException:
            raise TrainingError("one of the processes that train together failed") from None


def _one(
    rank: int,
    plan: TrainPlan,
    devices: Sequence[str],
    meeting: str,
    make_listener: Callable[[], Listener],
) -> None:
    device, count = devices[rank], len(devices)
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(device)
    torch.distributed.init_process_group(
        "nccl" if on_gpu else "gloo", init_method=meeting, rank=rank, world_size=count
    )
    listener = make_listener()
    try:
        train(prepare(replace(plan, device=device), Processes(rank, count)), listener)
    except DarknetError as error:
        if rank == 0:
            listener.say(f"dtorch: {error}")
        os._exit(_FAILED)  # the others wait for this one and are ended by their parent
    torch.distributed.destroy_process_group()
