"""The page about one training, or several side by side. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from darknet_torch import __version__
from darknet_torch.extras import PROGRAM
from darknet_torch.report.cells import DASH
from darknet_torch.report.content import PageContent, PagePicture, Plot, Section, Table
from darknet_torch.report.disagreement_pictures import box_kinds, class_counts
from darknet_torch.report.run_settings import (
    Setting,
    cfg_settings,
    environment_settings,
    plan_settings,
)
from darknet_torch.report.run_tables import (
    equal_table,
    fault_table,
    run_table,
    score_name,
    score_table,
    settings_table,
)
from darknet_torch.report.runs import Run
from darknet_torch.report.two_models import TwoModels
from darknet_torch.training.durations import describe_duration

_MOST_LARGE = 6  # trainings in the headline
_DISAGREE = "Where two models disagree"
_OPTIONS, _KEYS, _ENVIRONMENT = "Options", "Keys of the cfg", "Versions, machine and data"
# What a dash in each of the tables of settings says.
_WITHOUT_VALUE = {
    _OPTIONS: f"{DASH} stands for the default.",
    _KEYS: f"{DASH}: the cfg does not have the key.",
    _ENVIRONMENT: f"{DASH}: the training did not record it.",
}
_RULE = (
    "Detections of the same class agree if their IoU is 0.5 or more. Each is in one pair at "
    "most; pairs are made by the lower score of the two, the highest first. A pair agrees at "
    "thresholds below its lower score; above it the other one is alone.",
)


@dataclass(frozen=True)
class RunComparison:
    """What is known about trainings.

    Attributes:
        runs: the trainings.
        two_models: the detections of two of them; None without.
        no_pictures: why there are none, a sentence; "" where there are, or where one training is
            alone.
    """

    runs: Sequence[Run]
    two_models: TwoModels | None = None
    no_pictures: str = ""

    @property
    def settings(self) -> dict[str, list[Setting]]:
        """What the trainings were run with, by the title of a table."""
        return {
            _OPTIONS: plan_settings(self.runs),
            _KEYS: cfg_settings(self.runs),
            _ENVIRONMENT: environment_settings(self.runs),
        }

    def differences(self) -> dict[str, list[Setting]]:
        """Those of `settings` that differ, by the title of a table; titles without any too."""
        return {
            title: [one for one in settings if one.differs]
            for title, settings in self.settings.items()
        }


def run_page(
    comparison: RunComparison, plots: Sequence[Plot], pictures: Sequence[PagePicture] = ()
) -> PageContent:
    """Return the page about trainings.

    Args:
        comparison: the trainings, and the detections of two.
        plots: their curves.
        pictures: those on which two models disagree.
    """
    runs, found = comparison.runs, comparison.two_models
    title = f"Training {runs[0].label}" if len(runs) == 1 else "Trainings side by side"
    content = PageContent(
        title=title,
        facts=_facts(comparison),
        headline=dict(map(_large, runs[:_MOST_LARGE])),
        sections=tuple(_sections(comparison, plots)),
    )
    if found is None:
        return content
    return PageContent(
        title=title,
        facts=content.facts,
        headline=content.headline,
        sections=content.sections,
        class_names=found.names,
        kinds=box_kinds(found),
        threshold=found.threshold,
        counts=class_counts(found),
        pictures=pictures,
        pictures_in_all=len(found.models[0].readable),
        error_name="disagreement",
    )


def _facts(comparison: RunComparison) -> dict[str, str]:
    facts = {run.label: str(run.place.path(".cfg")) for run in comparison.runs}
    found = comparison.two_models
    if found is not None:
        facts |= {f"weights of {model.label}": model.weights for model in found.models}
        facts |= {"pictures": found.data_set.origin, "threshold": f"{found.threshold:g}"}
    return {**facts, PROGRAM: __version__}


def _large(run: Run) -> tuple[str, str]:
    """What a training came to, in a few words."""
    words = [run.label, f"best {score_name(run)}" if run.measure else "iterations"]
    if run.best_iteration is not None:
        words.append(f"iteration {run.best_iteration:,}")
    if run.history.seconds is not None:
        words.append(describe_duration(run.history.seconds))
    score = f"{run.iterations:,}" if run.best_score is None else f"{100 * run.best_score:.1f} %"
    return ", ".join(words), score


def _sections(comparison: RunComparison, plots: Sequence[Plot]) -> Iterator[Section]:
    runs = comparison.runs
    scores = score_table(runs)
    faults = fault_table(runs)
    tables = [run_table(runs), *([scores] if scores else []), *([faults] if faults.rows else [])]
    yield Section("Summary", (), tuple(tables))
    if plots:
        yield Section("Curves", (), tuple(plots))
    if len(runs) == 1:
        yield Section("Settings", (), tuple(_all_settings(comparison)))
    else:
        yield _differences(comparison)
        equal = [equal_table(title, part) for title, part in comparison.settings.items()]
        text = ("What is the same in all of these trainings.",)
        yield Section("Equal", text, tuple(table for table in equal if table.rows), True)
        yield Section(_DISAGREE, *_disagreement(comparison))


def _all_settings(comparison: RunComparison) -> Iterator[Table]:
    for title, settings in comparison.settings.items():
        if settings:
            yield equal_table(title, settings)


def _differences(comparison: RunComparison) -> Section:
    runs, parts = comparison.runs, comparison.differences()
    tables = [
        settings_table(title, settings, runs, note=_WITHOUT_VALUE[title])
        for title, settings in parts.items()
        if settings
    ]
    equal = [title.lower() for title, settings in parts.items() if not settings]
    text = (f"No difference: {', '.join(equal)}.",) if equal else ()
    return Section("Differences", text, tuple(tables))


def _disagreement(comparison: RunComparison) -> tuple[tuple[str, ...], tuple[Table, ...]]:
    """The text and the table about two models."""
    found = comparison.two_models
    if found is None:
        return (comparison.no_pictures,), ()
    first, second = found.labels
    pictures = len(found.models[0].readable)
    differing = int((found.disagreements() > 0).sum())
    text = (
        f"{first} and {second} on {pictures} pictures; above {found.threshold:g} they disagree on "
        f"{differing} of them. The pictures below come in the order of their disagreements.",
        *_RULE,
    )
    failed = [[message] for message in found.models[0].failed]
    return text, ((Table("Pictures that failed", ("picture",), failed),) if failed else ())
