"""Times of several programs that take turns, on a CPU or a GPU."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from darknet_torch.errors import DivergenceError
from tools.bench_data import times

# A program computes and returns a number, or a tensor of some, that shows whether all went well.
Program = Callable[[], float | torch.Tensor]

_WARM_UPS = {"cpu": 1, "cuda": 5}  # memory is allocated, kernels are chosen
_TURN = 0.5  # seconds for which a GPU computes before it is waited for


class NotFiniteError(ArithmeticError):
    """A program computed NaN or infinity, which takes other times than numbers."""


@dataclass(frozen=True)
class Spent:
    """The median seconds of one call: on the clock, and of the CPU in all threads."""

    clock: float
    cpu: float


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def interleaved(
    programs: Mapping[str, Program], device: torch.device, *, repeats: int
) -> dict[str, Spent]:
    """Time programs in turn, so that what else the machine does concerns all of them.

    Args:
        programs: by name.
        device: on which they compute. A GPU is given several calls before it is waited for.
        repeats: how often each has its turn.

    Returns:
        The medians, by name.

    Raises:
        NotFiniteError: one of them computed NaN or infinity.
    """
    named = {name: _named(name, program) for name, program in programs.items()}
    return _interleaved(named, device, repeats)


def _named(name: str, program: Program) -> Program:
    """A program whose name is in the error that its training raises when it diverges."""

    def run() -> float | torch.Tensor:
        try:
            return program()
        except DivergenceError:
            raise _not_finite(name) from None

    return run


def _interleaved(
    programs: Mapping[str, Program], device: torch.device, repeats: int
) -> dict[str, Spent]:
    calls = {}
    for name, program in programs.items():
        for _ in range(_WARM_UPS[device.type]):
            _check(name, program)
        calls[name] = _calls_of_a_turn(program, device)
    turns: dict[str, list[Spent]] = {name: [] for name in programs}
    for _ in range(repeats):
        for name, program in programs.items():
            turns[name].append(_turn(program, device, calls[name]))
    for name, program in programs.items():
        _check(name, program)
    return {name: _median(spent) for name, spent in turns.items()}


def _calls_of_a_turn(program: Program, device: torch.device) -> int:
    """How often to call a program in its turn."""
    if device.type == "cpu":
        return 1
    return max(1, min(20, round(_TURN / _turn(program, device, 1).clock)))


def _turn(program: Program, device: torch.device, calls: int) -> Spent:
    """The times of one of several calls."""

    def run() -> None:
        for _ in range(calls):
            program()
        synchronize(device)

    synchronize(device)
    clock, cpu = times(run)
    return Spent(clock / calls, cpu / calls)


def _check(name: str, program: Program) -> None:
    if not bool(torch.isfinite(torch.as_tensor(program())).all()):
        raise _not_finite(name)


def _not_finite(name: str) -> NotFiniteError:
    return NotFiniteError(f"{name}: what it computes is not finite, so its time says nothing")


def _median(turns: list[Spent]) -> Spent:
    return Spent(
        statistics.median(turn.clock for turn in turns),
        statistics.median(turn.cpu for turn in turns),
    )
