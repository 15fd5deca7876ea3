"""Run the commands of an experiment, and go on where a call before was stopped."""

from __future__ import annotations

import csv
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from darknet_torch.errors import UsageError
from darknet_torch.files import write_text
from tools.experiments.declaration import (
    Evaluate,
    Experiment,
    Make,
    Row,
    Run,
    Sources,
    Stage,
    Step,
    Train,
    Words,
)
from tools.experiments.machine import machine
from tools.experiments.results import (
    CURVE_POINTS,
    Result,
    Scores,
    read_results,
    write_results,
)

# The command `dtorch` of the source tree that PYTHONPATH names.
DTORCH = (sys.executable, "-c", "from darknet_torch.cli.main import main; main()")
# The C library keeps memory that was freed instead of returning it to the system, which would have
# to hand out cleared pages at each iteration.
KEPT_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    "MALLOC_TOP_PAD_": str(1 << 28),
}
# One thread and one worker, so that the CPU time says something on a machine with other work.
TRAIN_OPTIONS = ("--threads", "1", "--workers", "1")
# Exit statuses after SIGINT and SIGTERM: dtorch's own, and those before it takes notice of them.
_STOPPED = (130, 143, -signal.SIGINT, -signal.SIGTERM)
_DIVERGED = re.compile(r"iteration \d+: the loss is not a finite number any more")
_COLUMNS = ("iteration", "average_loss", "rate", "valid/mAP@0.50")


class Diverged(Exception):  # noqa: N818 (a result, not an error)
    """A training ended because its loss was no finite number any more."""


def run_experiment(
    experiment: Experiment,
    folder: Path,
    sources: Sources,
    path: Path,
    report: Callable[[str], None],
) -> list[Result]:
    """Run what is missing in the file of results, and write it after each run.

    Args:
        folder: for the inputs, weights and logs of all experiments.
        sources: where photos and models are.
        path: the file of results.
        report: gets a line for each run.

    Raises:
        UsageError: an input is missing, or a command failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for make_input in experiment.inputs:
        make_input(folder, sources)
    results = read_results(path)
    for run in runs(experiment, lambda: results):
        report(f"{experiment.name}: {run.row.name}, {run.stage.name}, seed {run.seed}")
        results.append(_run(run, experiment.steps(run), folder))
        write_results(path, results)
        report(f"  {results[-1].failure or f'mAP@0.5 {results[-1].map50:.2%}'}")
    return results


def runs(experiment: Experiment, results: Callable[[], Sequence[Result]]) -> Iterator[Run]:
    """Yield the runs that have no result, stage after stage.

    Args:
        results: returns those that there are by now: a stage may depend on the one before.
    """
    before: Stage | None = None
    for stage in experiment.stages:
        done = {(one.row, one.stage, one.seed) for one in results()}
        for seed in stage.seeds:
            for row in _rows(experiment, stage, before, results()):
                if (row.name, stage.name, seed) not in done:
                    yield Run(experiment.name, row, stage, seed)
        before = stage


def _rows(
    experiment: Experiment, stage: Stage, before: Stage | None, results: Sequence[Result]
) -> Sequence[Row]:
    if stage.best is None or before is None:
        return experiment.rows
    default, *others = experiment.rows
    scores: dict[str, list[float]] = {}
    for one in results:
        if one.stage == before.name:
            scores.setdefault(one.row, []).append(one.map50)
    ran = [row for row in others if row.name in scores]
    ranked = sorted(ran, key=lambda row: -fmean(scores[row.name]))
    return [default, *ranked[: stage.best]]


def _run(run: Run, steps: Sequence[Step], folder: Path) -> Result:
    (folder / run.folder).mkdir(parents=True, exist_ok=True)
    commands: list[str] = []
    scores: dict[str, Scores] = {}
    seconds: float | None = 0.0
    failure = ""
    curve: dict[str, list[float | None]] = {}
    for step in steps:
        words = _words(step)
        commands.append(dtorch_command(step))
        try:
            spent = _take(step, words, run, folder)
        except Diverged as diverged:
            failure, seconds = str(diverged), None
            break
        if isinstance(step, Evaluate):
            scores[step.label] = _scores(folder / _output(run, step), spent or 0)
        elif isinstance(step, Train):
            seconds = None if seconds is None or spent is None else seconds + spent
            curve = _curve(folder / step.folder / f"{step.cfg}_results.csv")
    return Result(
        row=run.row.name,
        stage=run.stage.name,
        seed=run.seed,
        iterations=run.stage.iterations,
        commands=commands,
        machine=machine(),
        cpu_seconds=seconds and round(seconds, 1),
        scores=scores,
        failure=failure,
        curve=curve,
    )


def dtorch_command(step: Step) -> str:
    """The command of a step, as the page shows it."""
    return shlex.join(("dtorch", *_words(step)))


def _words(step: Step) -> Words:
    """The words after `dtorch`."""
    if isinstance(step, Train):
        return ("train", *step.words, *TRAIN_OPTIONS, "--backup", step.folder)
    return ("eval", *step.words) if isinstance(step, Evaluate) else step.words


def _take(step: Step, words: Words, run: Run, folder: Path) -> float | None:
    """Take a step; return its CPU time in seconds, None if that is not known."""
    if isinstance(step, Train):
        return _train(step, words, folder)
    if isinstance(step, Make):
        if not (folder / step.makes).exists():
            _command(words, folder, folder / f"{run.folder}/make.log")
        return 0.0
    output = _output(run, step)
    machine_form = (*words, "--threads", "1", "--quiet", "--format", "json", "--out", output)
    return _command(machine_form, folder, folder / f"{run.folder}/eval.log")


def _output(run: Run, step: Evaluate) -> str:
    return f"{run.folder}/eval{step.label and '-'}{step.label}.json"


def _train(step: Train, words: Sequence[str], folder: Path) -> float | None:
    """Train, or go on; return the CPU time of all parts, None if one of them was killed."""
    record = folder / step.folder / "cpu_seconds.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    spent: float | None = json.loads(record.read_text()) if record.exists() else 0.0
    if (folder / step.weights).exists():
        return spent
    write_text(record, "null")  # stays there if this program is killed
    if (record.parent / f"{step.cfg}_last.state").exists():
        words = (*words, "--resume")
    started = children_seconds()
    try:
        _command(words, folder, record.parent / "train.log")
    finally:
        if spent is not None:
            spent += children_seconds() - started
        write_text(record, json.dumps(spent))
    return spent


def _command(words: Sequence[str], folder: Path, log: Path) -> float:
    """Run `dtorch`; return its CPU time in seconds, with that of its workers.

    Raises:
        Diverged: it was a training whose loss became infinite.
        UsageError: it failed in another way.
        KeyboardInterrupt: it was stopped, and has saved what it had.
    """
    started = children_seconds()
    environment = {**os.environ, **KEPT_MEMORY, "CI": "true", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    with log.open("ab") as output:
        process = subprocess.Popen(
            (*DTORCH, *words), cwd=folder, env=environment, stdout=output, stderr=output
        )
        status = _wait(process)
    if status:
        last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        if diverged := _DIVERGED.search(last):
            raise Diverged(diverged[0])
        raise UsageError(
            "the command failed",
            where=shlex.join(("dtorch", *words)),
            expected="exit status 0",
            got=f"{status}: {last}",
            fix=f"see {log}",
        )
    return children_seconds() - started


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process, also after a signal: it saves, and ends by itself.

    Raises:
        KeyboardInterrupt: there was a signal, even if the process ended as usual then.
    """
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        process.terminate()

    earlier = signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            try:
                status = process.wait()
                break
            except KeyboardInterrupt:  # Ctrl-C reaches the process, too
                stopped = True
    finally:
        signal.signal(signal.SIGTERM, earlier)
    if stopped or status in _STOPPED:
        raise KeyboardInterrupt
    return status


def children_seconds() -> float:
    """CPU time in seconds of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _scores(path: Path, cpu_seconds: float) -> Scores:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    darknet = found["darknet"][0]
    return Scores(
        map50=round(darknet["map"], 5),
        ap=round(found["coco"]["AP"], 5),
        classes={one["name"]: round(one["ap"], 5) for one in darknet["classes"]},
        detections=found["detections"],
        cpu_seconds=round(cpu_seconds, 1),
    )


def _curve(path: Path) -> dict[str, list[float | None]]:
    """Read the columns that charts show: evaluations, and some iterations in between."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    every = -(-len(rows) // CURVE_POINTS)
    kept = [row for place, row in enumerate(rows) if place % every == 0 or row.get(_COLUMNS[-1])]
    columns = [name for name in _COLUMNS if any(row.get(name) for row in kept)]
    return {name: [float(row[name]) if row[name] else None for row in kept] for name in columns}
