"""With how many threads a network is run: what is asked for, else what is fastest at present."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from darknet_torch.cpu.cores import THREADS_VARIABLE, exported_threads, usable_cores

_CHANNELS, _SIDE = 32, 52  # of the convolution that is timed, half a millisecond on a core
_CALLS, _SECONDS = 4, 0.01  # after so many calls of it, or so long, its time is known


@dataclass(frozen=True)
class ThreadChoice:
    """A number of threads.

    Attributes:
        threads: the number, 1 or more.
        remark: why they are fewer than the cores that may be used; "" if they are not.
    """

    threads: int
    remark: str = ""


def choose_threads(
    given: int | None = None, measure: Callable[[int], float] | None = None
) -> ThreadChoice:
    """Choose with how many threads to run a network on the CPU.

    That is `given`, else the number in OMP_NUM_THREADS, else one for each core that this process
    may use (`Cores.threads`), or fewer: threads wait for each other after each layer, so where
    other programs keep the cores busy, one is often faster. A small convolution shows
    whether it is.

    Args:
        given: what the user asks for, 1 or more; None for nothing.
        measure: returns the seconds that the same work takes with a number of threads; by
            default `time_convolution`.
    """
    fixed = given or exported_threads()
    if fixed:
        return ThreadChoice(fixed)
    most = usable_cores().threads()
    return ThreadChoice(1) if most == 1 else _fastest(most, measure or time_convolution)


def _fastest(most: int, measure: Callable[[int], float]) -> ThreadChoice:
    """Halve the number of threads for as long as one thread is faster."""
    threads, worst = most, 0.0
    while threads > 1 and (ratio := _ratio_to_one(threads, measure)) >= 1:
        threads, worst = threads // 2, worst or ratio
    if threads == most:
        return ThreadChoice(most)
    number = "1 thread" if threads == 1 else f"{threads} threads"
    return ThreadChoice(
        threads,
        f"note: computes with {number}, since {most} take {worst:.1f} times as long as 1 while "
        f"other programs use the cores; --threads N or {THREADS_VARIABLE}=N fixes the number",
    )


def _ratio_to_one(threads: int, measure: Callable[[int], float]) -> float:
    """Return the time with several threads as a ratio to that with one.

    It is the smaller of two ratios that agree which is faster, else the median of three.
    """
    ratios = [measure(threads) / measure(1) for _ in range(2)]
    if (ratios[0] >= 1) == (ratios[1] >= 1):
        return min(ratios)
    return sorted([*ratios, measure(threads) / measure(1)])[1]


@torch.inference_mode()
def time_convolution(threads: int) -> float:
    """Return the seconds that a small convolution takes with a number of threads of PyTorch's.

    Args:
        threads: the number, which stays set.
    """
    torch.set_num_threads(threads)
    image = torch.ones(1, _CHANNELS, _SIDE, _SIDE)
    kernel = torch.ones(_CHANNELS, _CHANNELS, 3, 3)
    torch.conv2d(image, kernel)  # threads are started, and the kernel is chosen
    calls, start = 0, time.perf_counter()
    while True:
        torch.conv2d(image, kernel)
        calls, spent = calls + 1, time.perf_counter() - start
        if calls == _CALLS or spent > _SECONDS:
            return spent / calls


def use_threads(given: int | None, device: torch.device, report: Callable[[str], None]) -> int:
    """Let PyTorch compute with the threads of `choose_threads` from now on; return their number.

    ONNX Runtime takes PyTorch's number when a model is loaded. On another device than the CPU
    the number stays, unless one is given.

    Args:
        given: what the user asks for; None for nothing.
        device: where the network is run.
        report: called with the remark about the choice, if there is one.
    """
    if given or device.type == "cpu":
        chosen = choose_threads(given)
        torch.set_num_threads(chosen.threads)
        if chosen.remark:
            report(chosen.remark)
    return torch.get_num_threads()
