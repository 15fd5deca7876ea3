"""What the runs of an experiment say: averages of the seeds, and comparisons with the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from darknet_torch.errors import UsageError
from tools.experiments.declaration import Experiment, Row, Stage
from tools.experiments.results import Result

# The verdicts on a row; docs/experiments.md says what they mean.
DEFAULT = "the default"
ONE_SEED = "one seed: cannot be said"
ABOVE = "above every seed of the default"
BELOW = "below every seed of the default"
WITHIN = "within the seeds' spread"
DIVERGED = "diverged in {} of {} seeds"
VERDICTS = (DEFAULT, ONE_SEED, ABOVE, BELOW, WITHIN, DIVERGED)


@dataclass(frozen=True)
class Spread:
    """A number of each seed, 0-1, in the order of the seeds, without those that diverged."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float | None:
        return fmean(self.values) if self.values else None

    @property
    def smallest(self) -> float:
        return min(self.values)

    @property
    def largest(self) -> float:
        return max(self.values)


@dataclass(frozen=True)
class Comparison:
    """One evaluation of a row.

    Attributes:
        map50: Darknet's mAP at an IoU of 0.5.
        ap: COCO's AP at IoUs of 0.5 to 0.95.
        points: mean mAP less that of the default, in percentage points; None without a mean.
        verdict: one of `VERDICTS`.
    """

    map50: Spread
    ap: Spread
    points: float | None
    verdict: str


@dataclass(frozen=True)
class RowSummary:
    """The runs of a row in one stage.

    Attributes:
        results: of the seeds that have run, in the order of the seeds.
        comparisons: of each evaluation, by its label.
    """

    row: Row
    results: tuple[Result, ...]
    comparisons: Mapping[str, Comparison]

    @property
    def cpu_minutes(self) -> float | None:
        """Mean of the trainings whose time is known, in minutes; None if no time is."""
        known = [one.cpu_seconds for one in self.results if one.cpu_seconds is not None]
        return fmean(known) / 60 if known else None


@dataclass(frozen=True)
class StageSummary:
    """The rows of a stage that have results, the default first."""

    stage: Stage
    rows: tuple[RowSummary, ...]


def summarise(experiment: Experiment, results: Sequence[Result]) -> list[StageSummary]:
    """Summarise the stages that have results.

    Raises:
        UsageError: a result belongs to no run of the experiment, or there are others of a stage
            but none of the default.
    """
    _check_runs(experiment, results)
    stages = []
    for stage in experiment.stages:
        done = {(one.row, one.seed): one for one in results if one.stage == stage.name}
        runs = {
            row: tuple(done[row.name, seed] for seed in stage.seeds if (row.name, seed) in done)
            for row in experiment.rows
        }
        runs = {row: found for row, found in runs.items() if found}
        if runs:
            stages.append(StageSummary(stage, _compare_rows(experiment, stage, runs)))
    return stages


def verdict(row: Spread, default: Spread) -> str:
    """Say whether the seeds of a row lie apart from those of the default."""
    if min(len(row.values), len(default.values)) < 2:
        return ONE_SEED
    if row.smallest > default.largest:
        return ABOVE
    return BELOW if row.largest < default.smallest else WITHIN


def _compare_rows(
    experiment: Experiment, stage: Stage, runs: Mapping[Row, tuple[Result, ...]]
) -> tuple[RowSummary, ...]:
    default = experiment.rows[0]
    if default not in runs:
        raise UsageError(
            "results without a default to compare them with",
            where=f"{experiment.name}, {stage.name}",
            expected=f"a result of {default.name}",
            fix=f"python tools/experiment.py {experiment.name} makes it",
        )
    every = [one for results in runs.values() for one in results]
    labels = dict.fromkeys(label for one in every for label in one.scores) or ("",)
    summaries = []
    for row, results in runs.items():
        compared = {label: _compare(results, runs[default], label) for label in labels}
        summaries.append(RowSummary(row, results, compared))
    return tuple(summaries)


def _compare(
    results: Sequence[Result], default_results: Sequence[Result], label: str
) -> Comparison:
    scores = [one.scores[label] for one in results if label in one.scores]
    map50 = Spread(tuple(one.map50 for one in scores))
    ap = Spread(tuple(one.ap for one in scores))
    default = Spread(
        tuple(one.scores[label].map50 for one in default_results if label in one.scores)
    )
    mean, other = map50.mean, default.mean
    points = None if mean is None or other is None else 100 * (mean - other)
    failed = sum(bool(one.failure) for one in results)
    if failed:
        said = DIVERGED.format(failed, len(results))
    else:
        said = DEFAULT if results is default_results else verdict(map50, default)
    return Comparison(map50, ap, points, said)


def _check_runs(experiment: Experiment, results: Sequence[Result]) -> None:
    declared = {
        (row.name, stage.name, seed, stage.iterations)
        for stage in experiment.stages
        for row in experiment.rows
        for seed in stage.seeds
    }
    for one in results:
        if (one.row, one.stage, one.seed, one.iterations) not in declared:
            raise UsageError(
                "a result of a run that the experiment does not have",
                where=f"{experiment.name}.json",
                expected="rows, stages, seeds and iterations as in tools/experiments",
                got=f"{one.row}, {one.stage}, seed {one.seed}, {one.iterations} iterations",
                fix="remove the result, and run the experiment again",
            )
