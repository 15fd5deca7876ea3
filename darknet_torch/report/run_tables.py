"""The tables of a page about trainings. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from darknet_torch.report.cells import percent
from darknet_torch.report.content import Cell, Table
from darknet_torch.report.run_settings import Setting
from darknet_torch.report.runs import Run
from darknet_torch.training.records.table import CLASS_SCORE, EVALUATED, is_loss

MOST_ROWS = 200  # of a table of settings


def run_table(runs: Sequence[Run]) -> Table:
    """Return a row for each training: its best score, how far it came, and in which time."""
    head = (
        "run",
        "score",
        "best %",
        "at iteration",
        "iterations",
        "of",
        "minutes",
        "pictures per second",
        "average loss",
        "state",
    )
    return Table("Runs", head, [_run_row(run) for run in runs])


def _run_row(run: Run) -> list[Cell]:
    seconds = run.history.seconds
    return [
        run.label,
        score_name(run),
        percent(run.best_score),
        run.best_iteration,
        run.iterations,
        run.history.max_batches,
        None if seconds is None else seconds / 60,
        run.last("images_per_second"),
        run.last("average_loss"),
        run.history.state,
    ]


def score_name(run: Run) -> str | None:
    """Return the name of the score that decides over the best weights; None without one."""
    return None if run.measure is None else run.measure.removeprefix(EVALUATED)


def score_table(runs: Sequence[Run]) -> Table | None:
    """Return the scores of each training at its best evaluation; None without evaluations."""
    rows = [run.best or {} for run in runs]
    names = dict.fromkeys(name for row in rows for name in row if name.startswith(EVALUATED))
    if not names:
        return None
    cells: list[list[Cell]] = [
        [_measure(name), *(_number(name, row.get(name)) for row in rows)] for name in names
    ]
    return Table(
        "Scores at the best evaluation",
        ("measure", *(run.label for run in runs)),
        cells,
        note="Fractions in per cent; AP is that of a class. Each column is of the iteration with "
        "the run's best score.",
    )


def _measure(name: str) -> str:
    shown = name.removeprefix(EVALUATED)
    return f"AP {name.removeprefix(CLASS_SCORE)}" if name.startswith(CLASS_SCORE) else shown


def _number(name: str, value: float | None) -> float | None:
    return value if is_loss(name) else percent(value)


def settings_table(
    title: str, settings: Sequence[Setting], runs: Sequence[Run], *, note: str = ""
) -> Table:
    """Return a row for each setting, with a column for each training.

    Args:
        title: of the table.
        settings: of these trainings.
        runs: the trainings.
        note: a sentence below the table.
    """
    rows: list[list[Cell]] = [[one.name, *one.values] for one in settings[:MOST_ROWS]]
    head = ("setting", *(run.label for run in runs))
    return Table(title, head, rows, note=f"{note} {_left_out(settings)}".strip())


def equal_table(title: str, settings: Sequence[Setting]) -> Table:
    """Return a row for each setting that is the same in all trainings."""
    equal = [one for one in settings if not one.differs]
    rows: list[list[Cell]] = [[one.name, one.values[0]] for one in equal[:MOST_ROWS]]
    return Table(title, ("setting", "value"), rows, note=_left_out(equal))


def _left_out(settings: Sequence[Setting]) -> str:
    """Say how many settings a table does not have; "" if it has all."""
    more = len(settings) - MOST_ROWS
    return f"{more} more rows are left out." if more > 0 else ""


def fault_table(runs: Sequence[Run]) -> Table:
    """Return a row for each file of a training that is missing or damaged."""
    rows: list[list[Cell]] = [[run.label, fault] for run in runs for fault in run.faults]
    return Table("Missing or damaged files", ("run", "file"), rows)
