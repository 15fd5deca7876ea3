"""What a program and the processes that it started hold while it runs: memory and open files.

Read from /proc, as Linux counts them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "1",  # a line comes when what it says has happened
    "OMP_NUM_THREADS": "1",
}
# Parts of a run; at its very end the process may be gone. Six samples each in what `is_flat` calls
# the start, the middle and the end.
_SHARES = tuple(number / 20 for number in range(2, 20))
_PARTS = 3
_GROWTH = 3 * 2**20  # bytes; the pools of allocators move by less


@dataclass(frozen=True)
class LongRun:
    """A run of which memory and open files are measured.

    Attributes:
        name: what it does.
        count: how often; it prints a line with `mark` each time.
        words: the arguments of Python, in a working folder.
        mark: what is in these lines, and in no others.
        prepare: writes what the run needs into the folder, for `count`.
    """

    name: str
    count: int
    words: Sequence[str]
    mark: str
    prepare: Callable[[Path, int], None] = lambda folder, count: None


@dataclass(frozen=True)
class Sample:
    """What the processes of a run hold: memory in bytes, and open files."""

    memory: int
    files: int


def measure(run: LongRun, folder: Path, count: int) -> list[Sample]:
    """Run, and look at the processes after each of `_SHARES` of its lines.

    Returns:
        What they held in the start, in the middle and at the end: the median of the memory, and
        the fewest open files, since pictures and lists come and go, of six samples each.

    Raises:
        RuntimeError: it failed, printed another number of lines, or was gone before a sample.
    """
    run.prepare(folder, count)
    moments = [round(share * count) for share in _SHARES]
    samples, lines = list[Sample](), 0
    words = [word.replace("COUNT", str(count)) for word in run.words]
    with (
        (folder / "errors.txt").open("w+") as errors,
        subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None, "it is a pipe"
        for line in process.stdout:
            lines += run.mark in line
            if run.mark in line:
                samples += [look(process.pid)] * moments.count(lines)
    if process.returncode or lines != count:
        text = (folder / "errors.txt").read_text()
        raise RuntimeError(f"{run.name}: status {process.returncode}, {lines} lines\n{text}")
    size = len(samples) // _PARTS
    return [_summary(samples[size * part : size * (part + 1)]) for part in range(_PARTS)]


def _summary(samples: Sequence[Sample]) -> Sample:
    memory = round(median(sample.memory for sample in samples))
    return Sample(memory, min(sample.files for sample in samples))


def look(process: int) -> Sample:
    """What a process and all that it has started hold now; memory that they share counts in each.

    Raises:
        RuntimeError: the process has ended.
    """
    memory, files = _memory(process), len(list(Path(f"/proc/{process}/fd").iterdir()))
    if not memory:
        raise RuntimeError(f"process {process} ended before it was looked at")
    for child in _children(process):
        with suppress(OSError, RuntimeError):  # it has just ended
            held = look(child)
            memory, files = memory + held.memory, files + held.files
    return Sample(memory, files)


def _memory(process: int) -> int:
    """The resident memory in bytes; 0 of a process that has ended, but is not waited for."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _children(process: int) -> list[int]:
    found = list[int]()
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # the thread has just ended
            found += map(int, path.read_text().split())
    return found


def is_flat(samples: Sequence[Sample]) -> bool:
    """Whether neither memory nor open files grew from the middle of a run to its end."""
    _, middle, end = samples
    return end.memory - middle.memory <= _GROWTH and end.files <= middle.files
