"""Checks a training without starting it, and estimates the memory that it will take."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch

from darknet_torch.cpu.memory import available_memory
from darknet_torch.errors import warn
from darknet_torch.model.loading import find_device
from darknet_torch.training.batch_sizes import mini_batch_size
from darknet_torch.training.byte_sizes import describe_bytes
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.data import TEXT
from darknet_torch.training.distributed import PlannedProcesses
from darknet_torch.training.memory import MemoryEstimate, estimate_memory
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.setup import Training, prepare

# Allocators lose some memory, and convolutions work in some of their own.
_USABLE = 0.7


@dataclass(frozen=True)
class DryRun:
    """What is known of a training before it starts.

    Attributes:
        training: ready to run, but not in more than one process.
        processes: how many would train together.
        available: the bytes that each of them may take on its device; None where that is not
            known.
        memory: what each process will take; None if a layer of the user's own prevents the
            estimate.
        obstacle: why there is no estimate; "" if there is one.
    """

    training: Training
    processes: int
    available: int | None
    memory: MemoryEstimate | None
    obstacle: str = ""

    def lines(self) -> list[str]:
        """The plan, what it starts from and trains on, and the memory that it takes."""
        training = self.training
        start = training.report.start_lines(training.loop)
        return [*training.plan.lines(), *start, *self._memory_lines()]

    def _memory_lines(self) -> list[str]:
        found = self.memory
        if found is None:
            return [f"memory: not known, {self.obstacle}"]
        is_text = self.training.data.kind == TEXT
        what = "character" if is_text else "picture"
        size = "" if is_text else f" at {found.width} x {found.height}"
        each = f" in each of {self.processes} processes" if self.processes > 1 else ""
        parts = {
            "weights": found.weights,
            "gradients": found.gradients,
            "optimizer": found.optimizer,
            "averages": found.averages,
        }
        arrays = [f"{name} {describe_bytes(count)}" for name, count in parts.items() if count]
        count = f"{found.inputs} {what}{'s' * (found.inputs > 1)}"
        return [
            f"memory for {count} at once{size}{each}: about "
            f"{describe_bytes(found.total)}{self._of_available()}",
            f"  {', '.join(arrays)}",
            f"  forward and backward pass {describe_bytes(found.peak)}, activations "
            f"{describe_bytes(found.activations // found.inputs)} a {what}",
        ]

    def _of_available(self) -> str:
        if self.available is None:
            return ""
        device = _device_of(self.training)
        return f" of {describe_bytes(self.available)} that are free on {device}"


def dry_run(plan: TrainPlan, devices: Sequence[str], callbacks: Iterable[Callback] = ()) -> DryRun:
    """Open and check everything that a training needs, and estimate its memory; write nothing.

    Args:
        plan: what to do.
        devices: as `darknet_torch.training.launch.launch` takes them.
        callbacks: hear of the faults in the data.

    Raises:
        CfgError, WeightsError, UsageError, NamesError: as `prepare`; there is no such device.

    Warns:
        CfgWarning: the memory may not suffice; the message says what would.
    """
    available = _available_to_each(devices)
    processes = PlannedProcesses(0, len(devices))
    training = prepare(replace(plan, device=devices[0]), callbacks, processes)
    training.report_problems()
    try:
        memory = _estimate(training)
    except (RuntimeError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        return DryRun(training, len(devices), available, None, reason)
    if available is not None and not _fits(memory, available):
        _warn_of_memory(training, memory, available)
    return DryRun(training, len(devices), available, memory)


def _warn_of_memory(training: Training, memory: MemoryEstimate, available: int) -> None:
    warn(
        "the training may need more memory than there is",
        where=training.plan.cfg,
        expected=f"{1 - _USABLE:.0%} to spare of {describe_bytes(available)}, which are free on "
        f"{_device_of(training)}",
        got=f"about {describe_bytes(memory.total)} for {memory.inputs} inputs at once",
        fix=_advice(training, available),
    )


def _device_of(training: Training) -> torch.device:
    """Where the network of a training lies."""
    return next(training.network.parameters()).device


def _available_to_each(devices: Sequence[str]) -> int | None:
    """The bytes that each of the processes on `devices` may take there.

    Raises:
        UsageError: there is no such device.
    """
    found = [find_device(name) for name in devices]
    free = [_free_memory(device) for device in found]
    known = [count for count in free if count is not None]
    # Processes on the CPU share its memory, those on GPUs have one each.
    sharing = len(found) if found[0].type == "cpu" else 1
    return min(known) // sharing if known else None


def _free_memory(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return available_memory() if device.type == "cpu" else None


def _fits(memory: MemoryEstimate, available: int) -> bool:
    return memory.total <= available * _USABLE


def _estimate(
    training: Training,
    subdivisions: int | None = None,
    checkpoint_activations: bool | None = None,
) -> MemoryEstimate:
    """The memory of a training, with other options than the plan's if they are given.

    That of the phase that takes the most.
    """
    net = training.network.net
    if subdivisions is not None:
        net = replace(net, subdivisions=subdivisions)
    found = []
    for phase in reversed(training.changes.phases.parts):  # ends as the training starts
        training.changes.apply(training.network, phase)
        width, height = training.sizes.at(phase.first).largest
        found.append(
            estimate_memory(
                training.loop.forward,
                inputs=mini_batch_size(net),
                width=width,
                height=height,
                checkpoint_activations=checkpoint_activations,
            )
        )
    return max(found, key=lambda estimate: estimate.total)


def _advice(training: Training, available: int) -> str:
    """The options with which the training would fit."""
    plan, found = training.plan, []
    subdivisions = _fitting_subdivisions(training, available, plan.checkpoint_activations)
    if subdivisions:
        found.append(f"--subdivisions {subdivisions}")
    if not plan.checkpoint_activations:
        if _fits(_estimate(training, checkpoint_activations=True), available):
            found.append("--checkpoint-activations")
        elif not found:
            subdivisions = _fitting_subdivisions(training, available, True)
            if subdivisions:
                found.append(f"--checkpoint-activations with --subdivisions {subdivisions}")
    if not found:
        return "no number of subdivisions is enough; a smaller --width and --height take less"
    return f"{' or '.join(found)} would fit"


def _fitting_subdivisions(
    training: Training, available: int, checkpoint_activations: bool
) -> int | None:
    """The fewest subdivisions with which the training fits; None if no number is enough."""
    net = training.network.net
    divisors = [n for n in range(net.subdivisions + 1, net.batch + 1) if net.batch % n == 0]
    place = bisect_left(
        divisors,
        True,
        key=lambda n: _fits(_estimate(training, n, checkpoint_activations), available),
    )
    return divisors[place] if place < len(divisors) else None
