"""The page of a detection run, without truths. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darknet_torch.evaluation.threshold_curves import ALL
from darknet_torch.report.content import (
    ClassCounts,
    PageContent,
    PagePicture,
    Plot,
    Section,
    Table,
)
from darknet_torch.report.detection_pictures import BOX_KINDS
from darknet_torch.report.detection_summary import DetectionSummary
from darknet_torch.report.failure_table import failure_table
from darknet_torch.report.run_facts import Settings, facts_of, model_name, settings_of


@dataclass(frozen=True)
class DetectionResults:
    """What is known after a detection run.

    Attributes:
        summary: the detections in all pictures.
        settings: name -> the settings that they were made with.
        failed: a message for each picture that could not be read, or for the first of them.
        failures: number of pictures that could not be read.
    """

    summary: DetectionSummary
    settings: Settings
    failed: Sequence[str] = ()
    failures: int = 0


def detection_page(
    results: DetectionResults, plots: Sequence[Plot], pictures: Sequence[PagePicture]
) -> PageContent:
    """Return the page of a detection run.

    Args:
        results: the numbers.
        plots: of the detections.
        pictures: those to show, in the order of the run.
    """
    summary = results.summary
    failed = failure_table(results.failed, results.failures)
    return PageContent(
        title=f"Detections of {model_name(results.settings) or 'a detector'}",
        facts=facts_of(results.settings),
        headline=_headline(results),
        sections=(
            Section("Classes", _threshold_note(summary), (_class_table(summary),)),
            Section("Plots", (), tuple(plots)),
            *((Section("Failed pictures", (), (failed,)),) if results.failed else ()),
        ),
        class_names=summary.names,
        kinds=BOX_KINDS,
        threshold=summary.confidence,
        counts=detection_counts(summary),
        pictures=pictures,
        pictures_in_all=summary.pictures,
        settings=settings_of(results.settings),
    )


def _headline(results: DetectionResults) -> dict[str, str]:
    summary = results.summary
    return {
        "pictures": f"{summary.pictures:,}",
        "detections": f"{len(summary.scores):,}",
        "classes found": f"{len(np.unique(summary.class_ids))} of {len(summary.names)}",
        **({"failed pictures": f"{results.failures:,}"} if results.failures else {}),
    }


def _threshold_note(summary: DetectionSummary) -> tuple[str, ...]:
    return (
        f"Boxes with scores up to {summary.confidence:g} were not kept: below that threshold the "
        "slider shows nothing more. A run with a lower --threshold keeps more.",
    )


def _class_table(summary: DetectionSummary) -> Table:
    """Return a row for each class: how many detections, and their scores."""
    rows = []
    for class_id, name in enumerate(summary.names):
        scores = summary.scores[summary.class_ids == class_id]
        known = (scores.min(), scores.mean(), scores.max()) if len(scores) else (None,) * 3
        rows.append((name, len(scores), *(None if one is None else float(one) for one in known)))
    head = ("class", "detections", "lowest score", "mean score", "highest score")
    return Table(f"Detections above {summary.confidence:g}", head, rows)


def detection_counts(summary: DetectionSummary) -> tuple[ClassCounts, ...]:
    """Return the counts over the threshold of each class, and of all together."""
    counts = summary.counts_over_thresholds()
    rows = [*counts.tolist(), counts.sum(0).tolist()]
    return tuple(
        ClassCounts(name, {"detections": row})
        for name, row in zip((*summary.names, ALL), rows, strict=True)
    )
