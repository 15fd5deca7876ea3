"""How fast PyTorch and the engines run a model on this machine. Importing this needs no torch.

Each computes in a process of its own, see `darknet_torch.cpu.turns`, so that its start is
measured, too, and the threads of one do not disturb the others.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from darknet_torch.cpu.cores import THREADS_VARIABLE
from darknet_torch.cpu.machine import machine_name
from darknet_torch.cpu.turns import LEAST_CALLS, Timing, Turns, Worker
from darknet_torch.engines.choice import BATCH_SIZES, LEAST_GAIN, Speed, Speeds
from darknet_torch.engines.names import TORCH
from darknet_torch.errors import UsageError

_ROOT = str(Path(__file__).parents[2])  # that has the package
_WORKER = "darknet_torch.inference.speed_worker"


@dataclass(frozen=True)
class Job:
    """What one process loads.

    Attributes:
        engine: the name of an engine, or `TORCH`.
        shape: channels, height and width of the network's input.
        threads: with how many it computes.
        folder: what `Engine.write` wrote; of `TORCH` "".
        network: the arguments of `darknet_torch.loading.load.load_model`; of `TORCH` alone.
    """

    engine: str
    shape: tuple[int, int, int]
    threads: int
    folder: str = ""
    network: Mapping[str, Any] | None = None

    def to_json(self) -> str:
        """Return the job as text; `from_json` reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Read what `to_json` returned."""
        values = json.loads(text)
        return cls(**values | {"shape": tuple(values["shape"])})


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        rounds: turns of each engine with one picture at once, 1 or more.
        batch_rounds: its turns with each larger size of batches.
        seconds: of a turn.
        least_calls: in a turn, even if they last longer, 1 or more.
        sizes: of batches, ascending, the first one 1.
        longest_batch: seconds; larger batches are not tried.
        limit: seconds after which no further round begins, for each engine; None for no limit.
        patience: seconds within which a process must start, or end a turn.
    """

    rounds: int = 5
    batch_rounds: int = 3
    seconds: float = 0.5
    least_calls: int = LEAST_CALLS
    sizes: tuple[int, ...] = BATCH_SIZES
    longest_batch: float = 2.0
    limit: float | None = None
    patience: float = 300.0


# Before a long job: some seconds for each engine. Rounds are short, since there must be several of
# them: what else a machine does comes and goes.
QUICK = Effort(
    batch_rounds=1, seconds=0.1, least_calls=1, longest_batch=0.4, limit=4.0, patience=60.0
)
THOROUGH = Effort()


@dataclass(frozen=True)
class Measurement:
    """How fast an engine is.

    Attributes:
        version: of the engine.
        start_seconds: from the start of its process to its first result.
        timing: of one picture.
        rates: size of batches -> pictures per second, of all sizes that were tried.
    """

    version: str
    start_seconds: float
    timing: Timing
    rates: Mapping[int, float]

    @property
    def speed(self) -> Speed:
        """What is kept of it."""
        batch = max(self.rates, key=lambda size: self.rates[size])
        return Speed(
            self.version, self.start_seconds, self.timing.median, self.rates[batch], batch
        )


@dataclass(frozen=True)
class Comparison:
    """What was measured together.

    Attributes:
        threads: with how many threads.
        measured: by engine.
        failures: why an engine was not measured.
    """

    threads: int
    measured: Mapping[str, Measurement]
    failures: Mapping[str, str]

    @property
    def speeds(self) -> Speeds:
        """What is kept of it."""
        engines = {name: one.speed for name, one in self.measured.items()}
        return Speeds(machine_name(), self.threads, engines)


def start_worker(job: Job, patience: float) -> Worker:
    """Start the process of a job; it greets with "version" when it has its first result.

    Raises:
        WorkerError: the model could not be loaded or run, or not within `patience` seconds.
    """
    others = os.environ.get("PYTHONPATH")
    environment = {
        "PYTHONPATH": os.pathsep.join([_ROOT, others] if others else [_ROOT]),
        THREADS_VARIABLE: str(job.threads),
    }
    # -P: a file of the working folder must not stand for a module.
    words = [sys.executable, "-P", "-m", _WORKER, job.to_json()]
    return Worker(words, environment=environment, patience=patience)


def compare(
    jobs: Mapping[str, Job],
    effort: Effort = THOROUGH,
    start: Callable[[Job, float], Worker] = start_worker,
) -> Comparison:
    """Measure how fast PyTorch and engines run a model.

    Args:
        jobs: by the name under which each is reported, one at least, all with as many threads.
        effort: how long to measure.
        start: starts the process of a job.
    """
    with Turns() as turns:
        for name, job in jobs.items():
            turns.add(name, partial(start, job, effort.patience))
        until = effort.limit and time.monotonic() + effort.limit * len(turns.workers)
        timings = turns.measure(_request(1, effort), effort.rounds, until=until)
        rates = _measure_rates(turns, timings, effort)
        measured = {
            name: Measurement(
                turns.workers[name].greeting["version"],
                turns.workers[name].start_seconds,
                timing,
                rates[name],
            )
            for name, timing in timings.items()
        }
    return Comparison(next(iter(jobs.values())).threads, measured, turns.failures)


def check_measured(comparison: Comparison, name: str = TORCH) -> None:
    """Refuse a comparison without what the others are compared with.

    Raises:
        UsageError: it was not measured.
    """
    if name in comparison.failures:
        raise UsageError(f"{name} could not be measured", got=comparison.failures[name])


def _measure_rates(
    turns: Turns, timings: Mapping[str, Timing], effort: Effort
) -> dict[str, dict[int, float]]:
    """Double the batches of each engine for as long as that brings more pictures per second.

    An engine that fails with a batch keeps the rates of smaller ones.
    """
    rates = {name: {1: 1 / timing.median} for name, timing in timings.items()}
    growing = list(rates)
    for size in effort.sizes[1:]:
        growing = [one for one in growing if size <= effort.longest_batch * _best(rates[one])]
        request = _request(size, effort)
        found = turns.measure(request, effort.batch_rounds, names=growing)
        growing = [
            name
            for name, timing in found.items()
            if size / timing.median >= LEAST_GAIN * _best(rates[name])
        ]
        for name, timing in found.items():
            rates[name][size] = size / timing.median
    return rates


def _best(rates: Mapping[int, float]) -> float:
    return max(rates.values())


def _request(size: int, effort: Effort) -> str:
    """A line for `speed_worker`."""
    return f"{size} {effort.seconds} {effort.least_calls}"
