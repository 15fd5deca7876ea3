"""Which engine is fastest for a job, from what was measured; whether preparing engines pays."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from darknet_torch.engines.names import TORCH

BATCH_SIZES = (1, 2, 4, 8, 16)  # that are tried
LEAST_GAIN = 1.03  # in pictures per second, for which a batch may be twice as large

# Preparing exports the graph, compares each engine with PyTorch, and measures them all: 10 to 30
# seconds for Darknet's networks on two cores.
PREPARATION_SECONDS = 30.0
# The engines compute a tenth to two thirds faster than PyTorch, or not at all, so what preparing
# takes must be at most this part of the job: then a tenth pays for it in the first job already.
LARGEST_SHARE = 0.1
FRAME_SECONDS = 1 / 25  # between the frames of a camera


@dataclass(frozen=True)
class Speed:
    """How fast an engine runs a model on this machine.

    Attributes:
        version: of the engine.
        start_seconds: from the start of a process to its first result: importing the engine,
            loading the model, and one picture.
        seconds: of one picture alone, more than 0.
        rate: pictures per second at the best size of batches, more than 0.
        batch: that size.
    """

    version: str
    start_seconds: float
    seconds: float
    rate: float
    batch: int

    def job_seconds(self, pictures: int | None) -> float:
        """The seconds of a job of so many pictures, one after the other.

        Args:
            pictures: how many; None for a stream without an end, of which one picture counts.
        """
        if pictures is None:
            return self.seconds
        return self.start_seconds + pictures * self.seconds


@dataclass(frozen=True)
class Speeds:
    """How fast the engines run a model, measured together.

    Attributes:
        machine: where, see `darknet_torch.cpu.machine.machine_name`.
        threads: with how many threads.
        engines: by name, with `TORCH` among them.
    """

    machine: str
    threads: int
    engines: Mapping[str, Speed]

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON knows; `from_json` reads them."""
        engines = {name: asdict(speed) for name, speed in self.engines.items()}
        return {"machine": self.machine, "threads": self.threads, "engines": engines}

    @classmethod
    def from_json(cls, values: object) -> Speeds:
        """Read what `to_json` returned.

        Raises:
            ValueError: it is something else.
        """
        try:
            machine, threads, engines = (_values(values)[field.name] for field in fields(cls))
            speeds = {str(name): _speed(one) for name, one in _values(engines).items()}
            return cls(_text(machine), int(_positive(threads)), speeds)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not the speeds of engines: {error!r}") from None


def _speed(found: object) -> Speed:
    version, start, seconds, rate, batch = (_values(found)[field.name] for field in fields(Speed))
    return Speed(
        _text(version),
        _positive(start),
        _positive(seconds),
        _positive(rate),
        int(_positive(batch)),
    )


def _values(found: object) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise TypeError(f"{found!r} has no names")
    return found


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError(f"{found!r} is not text")
    return found


def _positive(found: object) -> float:
    largest = sys.float_info.max  # JSON has larger integers
    if not isinstance(found, int | float) or not 0 < found <= largest:  # NaN is neither
        raise ValueError(f"{found!r} is not a positive number")
    return float(found)


@dataclass(frozen=True)
class Choice:
    """What runs a model.

    Attributes:
        name: an engine, or `TORCH`.
        speed: as measured; None if it was not measured, which is the case of `TORCH` alone.
    """

    name: str
    speed: Speed | None


def choose(speeds: Speeds | None, pictures: int | None, prepared: Mapping[str, str]) -> Choice:
    """Choose what runs a model soonest: the least of start + pictures * seconds of a picture.

    An engine counts if it was measured in the version in which it is prepared. `TORCH` needs no
    preparation, wins ties, and is taken where it was not measured, too: there is nothing to
    compare with then.

    Args:
        speeds: what was measured on this machine; None for nothing.
        pictures: how many there are; None for a stream without an end, where the start does not
            count.
        prepared: engine -> installed version, of the engines that are prepared for the model.
    """
    if speeds is None or TORCH not in speeds.engines:
        return Choice(TORCH, None)
    torch = Choice(TORCH, speeds.engines[TORCH])
    return fastest(speeds, pictures, prepared, torch) or torch


def fastest(
    speeds: Speeds,
    pictures: int | None,
    prepared: Mapping[str, str],
    known: Choice | None = None,
) -> Choice | None:
    """Choose the engine that runs a model soonest.

    Args:
        speeds, pictures, prepared: as for `choose`.
        known: what else may be taken; an engine must be faster.

    Returns:
        The engine, else `known`.
    """
    best = known
    for name, speed in speeds.engines.items():
        if prepared.get(name) != speed.version:
            continue
        soonest = best.speed.job_seconds(pictures) if best and best.speed else math.inf
        if speed.job_seconds(pictures) < soonest:
            best = Choice(name, speed)
    return best


def worth_preparing(pictures: int | None, seconds: float) -> bool:
    """Whether a job with PyTorch is so long that it should prepare the engines first.

    It is if `PREPARATION_SECONDS` are at most `LARGEST_SHARE` of the time that PyTorch needs for
    all pictures, which is five minutes: 200 photos wait for no preparation, an hour of video
    does. Later jobs with the same model start with what was prepared, but whether there will be
    any is not known, so they do not count. A stream without an end should prepare the engines if
    PyTorch does not keep up with the frames of a camera; else nobody would notice.

    Args:
        pictures: how many there are; None for a stream without an end.
        seconds: that PyTorch needs for one picture.
    """
    if pictures is None:
        return seconds > FRAME_SECONDS
    return pictures * seconds * LARGEST_SHARE >= PREPARATION_SECONDS
