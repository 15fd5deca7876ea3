"""A comparison of trainings as lines and as plain values. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from darknet_torch.evaluation.report import percent, table
from darknet_torch.evaluation.threshold_curves import plain_thresholds, threshold_index
from darknet_torch.report.disagreement_pictures import class_counts
from darknet_torch.report.run_page import RunComparison
from darknet_torch.report.run_settings import Setting
from darknet_torch.report.run_tables import MOST_ROWS, score_name
from darknet_torch.report.runs import Run
from darknet_torch.report.two_models import TwoModels
from darknet_torch.training.durations import describe_duration
from darknet_torch.training.records.table import EVALUATED

_MOST_PICTURES = 10  # in the lines; the JSON has all


def comparison_lines(comparison: RunComparison) -> Iterator[str]:
    """Yield the scores, the differences and the disagreements as lines."""
    head = ["run", "score", "best %", "at", "iterations", "time", "average loss", "state"]
    yield from table([head, *map(_row, comparison.runs)])
    for title, settings in comparison.differences().items():
        if settings:
            yield from ("", title, *_setting_lines(settings, comparison.runs))
    for run in comparison.runs:
        yield from (f"note: {run.label}: {fault}" for fault in run.faults)
    if comparison.two_models is not None:
        yield from ("", *_disagreement_lines(comparison.two_models))
    elif comparison.no_pictures:
        yield from ("", f"no pictures: {comparison.no_pictures}")


def _row(run: Run) -> list[str]:
    seconds, loss = run.history.seconds, run.last("average_loss")
    return [
        run.label,
        score_name(run) or "-",
        percent(run.best_score),
        "-" if run.best_iteration is None else str(run.best_iteration),
        f"{run.iterations} of {run.history.max_batches or '?'}",
        "-" if seconds is None else describe_duration(seconds),
        "-" if loss is None else f"{loss:.4g}",
        run.history.state,
    ]


def _setting_lines(settings: Sequence[Setting], runs: Sequence[Run]) -> list[str]:
    head = ["", *(run.label for run in runs)]
    rows = [
        [one.name, *("-" if value is None else value for value in one.values)]
        for one in settings[:MOST_ROWS]
    ]
    more = len(settings) - MOST_ROWS
    return [*table([head, *rows]), *([f"and {more} more"] if more > 0 else [])]


def _disagreement_lines(found: TwoModels) -> Iterator[str]:
    yield (
        f"{found.labels[0]} and {found.labels[1]} on {len(found.models[0].readable)} pictures of "
        f"{found.data_set.origin}, scores above {found.threshold:g}"
    )
    index = threshold_index(found.threshold)
    counts = class_counts(found)
    rows = [
        [one.name, *(str(int(column[index])) for column in one.columns.values())] for one in counts
    ]
    yield from table([["", *counts[-1].columns], *rows])
    for picture, number in list(_disagreements(found).items())[:_MOST_PICTURES]:
        yield f"{picture}: {number}"


def _disagreements(found: TwoModels) -> dict[str, int]:
    """The pictures with disagreements above the threshold -> their number, the most first."""
    numbers = found.disagreements()
    return {
        str(found.data_set.examples[index].path): int(numbers[index])
        for index in np.argsort(-numbers, kind="stable").tolist()
        if numbers[index]
    }


def comparison_values(comparison: RunComparison) -> dict[str, Any]:
    """Return the comparison as plain values, for JSON."""
    labels = [run.label for run in comparison.runs]
    return {
        "runs": [_run_values(run) for run in comparison.runs],
        "differences": {
            title: {one.name: dict(zip(labels, one.values, strict=True)) for one in settings}
            for title, settings in comparison.differences().items()
        },
        "two_models": None if comparison.two_models is None else _values(comparison.two_models),
        "no_pictures": comparison.no_pictures or None,
    }


def _run_values(run: Run) -> dict[str, Any]:
    best: Mapping[str, float] = run.best or {}
    return {
        "run": run.label,
        "folder": str(run.place.folder),
        "name": run.place.base,
        "weights": None if run.weights is None else str(run.weights),
        "measure": score_name(run),
        "best": run.best_score,
        "best_iteration": run.best_iteration,
        "scores": {
            name.removeprefix(EVALUATED): value
            for name, value in best.items()
            if name.startswith(EVALUATED) and math.isfinite(value)
        },
        "iterations": run.iterations,
        "max_batches": run.history.max_batches,
        "seconds": run.history.seconds,
        "state": run.history.state,
        "average_loss": _finite(run.last("average_loss")),
        "missing": list(run.faults),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _values(found: TwoModels) -> dict[str, Any]:
    return {
        "models": {model.label: model.weights for model in found.models},
        "data": found.data_set.origin,
        "threshold": found.threshold,
        "thresholds": plain_thresholds(),
        "counts": {
            one.name: {name: [*map(int, column)] for name, column in one.columns.items()}
            for one in class_counts(found)
        },
        "pictures": len(found.models[0].readable),
        "disagreements": _disagreements(found),
        "failed": list(found.models[0].failed),
    }
