"""What `dtorch bench` found, as lines and as JSON. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from darknet_torch.cpu.turns import milliseconds
from darknet_torch.engines.choice import choose
from darknet_torch.engines.names import TORCH
from darknet_torch.errors import counted
from darknet_torch.inference.engine_speeds import Comparison, Measurement

# Jobs for which the report says what `auto` will take.
JOBS: Mapping[str, int | None] = {"1 picture": 1, "1000 pictures": 1000, "a stream": None}
_HEADING = (
    "engine version ms min CPU rounds pictures/s batch start difference ratio".split()
)  # in the order of `_cells`


@dataclass(frozen=True)
class Subject:
    """What was compared, and where.

    Attributes:
        model: the name of the model and the size of its input.
        weights: where its weights come from.
        machine: see `darknet_torch.cpu.machine.machine_name`.
        threads: with how many threads.
        missing: engines that are not installed -> how to install them.
    """

    model: str
    weights: str
    machine: str
    threads: int
    missing: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """Describe the model and the machine."""
        return f"{self.model}, {self.weights}; {self.machine}, {counted(self.threads, 'thread')}"

    def missing_lines(self) -> Iterator[str]:
        """How to install what is missing."""
        for name, command in self.missing.items():
            yield f"{name} is not installed: {command}"

    def to_dict(self) -> dict[str, Any]:
        """Return the same as values that JSON knows."""
        return {**vars(self), "missing": dict(self.missing)}


@dataclass(frozen=True)
class BenchReport:
    """What was measured for a model.

    Attributes:
        subject: the model and the machine.
        comparison: the speeds, `TORCH` among them.
        differences: engine -> the largest difference of its outputs from PyTorch's on a probe, as
            a part of the largest value of each.
        failures: engines that were not prepared -> why.
        note: what else the reader must know; "" for nothing.
    """

    subject: Subject
    comparison: Comparison
    differences: Mapping[str, float] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def choices(self) -> dict[str, str]:
        """What `auto` takes for each of `JOBS`."""
        measured = self.comparison.measured
        prepared = {name: one.version for name, one in measured.items()}
        speeds = self.comparison.speeds
        return {job: choose(speeds, count, prepared).name for job, count in JOBS.items()}

    def lines(self) -> Iterator[str]:
        """Describe the model and the machine, then each engine, then what `auto` takes."""
        yield self.subject.line()
        yield from _aligned([_HEADING, *self._rows()])
        yield (
            "ms: the median of one picture; start: seconds from the start of a process to its "
            "first result; ratio: of medians, to torch"
        )
        for name, reason in self._all_failures().items():
            yield f"{name} is left out: {reason}"
        yield from self.subject.missing_lines()
        takes = ", ".join(f"{name} for {job}" for job, name in self.choices.items())
        yield f"auto takes {takes}"
        if self.note:
            yield self.note

    def to_dict(self) -> dict[str, Any]:
        """Return the same as values that JSON knows, in seconds."""
        return {
            **self.subject.to_dict(),
            "engines": {name: self._to_dict(name) for name in self.comparison.measured},
            "failures": self._all_failures(),
            "auto": self.choices,
        }

    def _all_failures(self) -> dict[str, str]:
        return {**self.failures, **self.comparison.failures}

    def _ratio(self, measured: Measurement) -> float:
        return measured.timing.median / self.comparison.measured[TORCH].timing.median

    def _rows(self) -> Iterator[list[str]]:
        for name, measured in self.comparison.measured.items():
            timing, speed = measured.timing, measured.speed
            low, high = timing.noise
            yield [
                name,
                measured.version,
                milliseconds(timing.median),
                milliseconds(timing.minimum),
                "-" if timing.cpu is None else milliseconds(timing.cpu),
                f"{low:+.0%}..{high:+.0%}",
                f"{speed.rate:.1f}",
                str(speed.batch),
                f"{measured.start_seconds:.2f}",
                f"{self.differences[name]:.0e}" if name in self.differences else "-",
                f"{self._ratio(measured):.2f}",
            ]

    def _to_dict(self, name: str) -> dict[str, Any]:
        measured = self.comparison.measured[name]
        timing, speed = measured.timing, measured.speed
        return {
            "version": measured.version,
            "median": timing.median,
            "minimum": timing.minimum,
            "cpu": timing.cpu,
            "rounds": list(timing.rounds),
            "start": measured.start_seconds,
            "pictures_per_second": speed.rate,
            "batch": speed.batch,
            "rates": {str(size): rate for size, rate in measured.rates.items()},
            "difference": self.differences.get(name),
            "ratio": self._ratio(measured),
        }


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines, their first two columns to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
