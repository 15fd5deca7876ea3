"""Tables, commands and figures of docs/experiments.md, as Markdown."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Sequence

from darknet_torch.errors import counted
from tools.experiments.results import Scores
from tools.experiments.summary import RowSummary, Spread, StageSummary
from tools.markdown_text import table

_WIDTH = 99
_ABSENT = "-"


def seed_table(summary: StageSummary) -> list[str]:
    """The lines of a table with a row for each evaluation of each row of the experiment."""
    seeds = summary.stage.seeds
    labels = labels_of(summary)
    heads = [
        *(["at size"] if len(labels) > 1 else []),
        "row",
        *(["options"] if _has_options(summary) else []),
        *([f"mAP@0.5 in %, {_seeds(seeds)}", "mean"] if len(seeds) > 1 else ["mAP@0.5 in %"]),
        "AP@[.5:.95] in %",
        "CPU minutes",
        "difference in points",
        "verdict",
    ]
    rows = [
        [
            *([label] if len(labels) > 1 else []),
            row.row.name,
            *([_options(row)] if _has_options(summary) else []),
            *_seed_scores(seeds, row, label),
            _with_range(row.comparisons[label].ap),
            _ABSENT if row.cpu_minutes is None else f"{row.cpu_minutes:.1f}",
            _ABSENT if row is summary.rows[0] else _points(row.comparisons[label].points),
            row.comparisons[label].verdict,
        ]
        for label in labels
        for row in summary.rows
    ]
    return table(heads, rows)


def threshold_table(summary: StageSummary) -> list[str]:
    """The lines of a table of evaluations of one model."""
    found = _evaluations(summary)
    classes = list(dict.fromkeys(name for _, scores in found for name in scores.classes))
    heads = [
        "row",
        "options",
        "boxes found",
        "AP@[.5:.95] in %",
        "mAP@0.5 in %",
        *(f"{name} at 0.5" for name in classes),
        "CPU seconds",
    ]
    rows = [
        [
            row.row.name,
            _options(row),
            f"{scores.detections:,}",
            _percent(scores.ap),
            _percent(scores.map50),
            *(_percent(scores.classes[name]) for name in classes),
            f"{scores.cpu_seconds:.1f}",
        ]
        for row, scores in found
    ]
    return table(heads, rows)


def seed_figures(summary: StageSummary) -> str:
    """The default and the best other row, for a cell of a table."""
    default, *others = summary.rows
    parts = []
    for label in labels_of(summary):
        said = [_figure(default, label)]
        if others:
            best = max(others, key=lambda row: row.comparisons[label].map50.mean or 0)
            said.append(f"{_figure(best, label)}, {best.comparisons[label].verdict}")
        parts.append(f"{label}: " * (label != "") + "; ".join(said))
    return "<br>".join(parts)


def threshold_figures(summary: StageSummary) -> str:
    """The boxes and the average precision of each threshold, for a cell of a table."""
    return "<br>".join(
        f"{row.row.name}: {scores.detections:,} boxes, AP {_percent(scores.ap)}"
        for row, scores in _evaluations(summary)
    )


def labels_of(summary: StageSummary) -> list[str]:
    """The labels of the evaluations, sizes in their order."""
    return sorted(summary.rows[0].comparisons, key=lambda label: (len(label), label))


def stage_heading(summary: StageSummary) -> str:
    """What ran in this stage."""
    stage = summary.stage
    parts = [f"**{stage.name}**"]
    if stage.iterations:
        parts.append(counted(stage.iterations, "iteration"))
    parts.append(_seeds(stage.seeds))
    if stage.best is not None:
        parts.append(f"the default and the best {stage.best} of the stage before")
    return _wrapped(", ".join(parts) + ":")


def commands(summary: StageSummary) -> list[str]:
    """The lines of a block with the commands of the default's first run.

    Where no options make the difference, the commands of every row's first run.
    """
    shown = summary.rows[:1] if _has_options(summary) else summary.rows
    lines = ["```console"]
    for row in shown:
        lines.append(f"# {row.row.name}, seed {row.results[0].seed}")
        lines.extend(f"$ {command}" for command in row.results[0].commands)
    return [*lines, "```"]


def how_to_repeat(name: str, summaries: Sequence[StageSummary]) -> str:
    """The command that makes all results, and the machines on which they were made.

    Of several machines each has the seeds that it ran, since times compare on one machine only.
    """
    machines: dict[str, set[int]] = {}
    for summary in summaries:
        for result in (one for row in summary.rows for one in row.results):
            machines.setdefault(result.machine, set()).add(result.seed)
    parts = [
        f"{machine} ({_seeds(sorted(seeds))})" if len(machines) > 1 else machine
        for machine, seeds in machines.items()
    ]
    return _wrapped(f"`make experiment-{name}` repeats it. Machine: {'; '.join(parts)}.")


def _seed_scores(seeds: Sequence[int], row: RowSummary, label: str) -> list[str]:
    found = {
        one.seed: _percent(one.scores[label].map50) for one in row.results if label in one.scores
    }
    mean = _percent(row.comparisons[label].map50.mean)
    if len(seeds) == 1:
        return [mean]
    return [", ".join(found.get(seed, _ABSENT) for seed in seeds), mean]


def _figure(row: RowSummary, label: str) -> str:
    return f"{row.row.name} {_with_range(row.comparisons[label].map50)}"


def _evaluations(summary: StageSummary) -> list[tuple[RowSummary, Scores]]:
    """All evaluations of a stage, each with its row."""
    return [
        (row, scores)
        for row in summary.rows
        for result in row.results
        for scores in result.scores.values()
    ]


def _with_range(spread: Spread) -> str:
    if len(spread.values) < 2:
        return _percent(spread.mean)
    ends = f"{_percent(spread.smallest)} to {_percent(spread.largest)}"
    return f"{_percent(spread.mean)} ({ends})"


def _percent(value: float | None) -> str:
    return _ABSENT if value is None else f"{100 * value:.1f}"


def _points(value: float | None) -> str:
    return _ABSENT if value is None else f"{value:+.1f}"


def _has_options(summary: StageSummary) -> bool:
    return any(row.row.options for row in summary.rows)


def _options(row: RowSummary) -> str:
    return f"`{shlex.join(row.row.options)}`" if row.row.options else _ABSENT


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
