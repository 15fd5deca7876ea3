"""The page of an evaluation. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from darknet_torch.evaluation.analysis import Analysis
from darknet_torch.evaluation.evaluate import Evaluation
from darknet_torch.report.cells import DASH, percent
from darknet_torch.report.content import PageContent, PagePicture, Plot, Section
from darknet_torch.report.evaluation_counts import evaluation_counts
from darknet_torch.report.evaluation_pictures import BOX_KINDS
from darknet_torch.report.evaluation_tables import (
    best_of,
    class_table,
    convention_table,
    darknet_table,
    error_table,
    overall_table,
    size_table,
    speed_table,
)
from darknet_torch.report.failure_table import failure_table
from darknet_torch.report.run_facts import Settings, facts_of, model_name, settings_of

_CONVENTION = (
    "Errors, curves, calibration, confusion, sizes and the slider of the pictures share one "
    "convention, COCO's: in each picture and class, detections are taken by score, the highest "
    "first, and each is matched with the object, not yet matched, that it overlaps most, if their "
    "IoU is at least 0.5. A detection counts at a threshold if its score is above it.",
    "Average precision is computed by each program's own rules, and Darknet's own count has a "
    "table of its own.",
)


@dataclass(frozen=True)
class EvaluationResults:
    """What is known after an evaluation.

    Attributes:
        analysis: what the detector does right and wrong.
        evaluation: average precision by every convention.
        settings: name -> the settings that the detections were made with.
        seconds: what -> the time that it took for all pictures; empty if no network ran.
        failed: a message for each picture that could not be read.
    """

    analysis: Analysis
    evaluation: Evaluation
    settings: Settings
    seconds: Mapping[str, float]
    failed: Sequence[str] = ()


def evaluation_page(
    results: EvaluationResults, plots: Sequence[Plot], pictures: Sequence[PagePicture]
) -> PageContent:
    """Return the page of an evaluation.

    Args:
        results: the numbers.
        plots: of the analysis.
        pictures: those to show, the ones with the most errors first.
    """
    analysis, evaluation = results.analysis, results.evaluation
    return PageContent(
        title=f"Evaluation of {model_name(results.settings) or 'a detector'}",
        facts=_facts(results),
        headline=_headline(analysis, evaluation),
        sections=_sections(results, plots),
        class_names=analysis.names,
        kinds=BOX_KINDS,
        threshold=analysis.confidence,
        counts=evaluation_counts(analysis),
        pictures=pictures,
        pictures_in_all=evaluation.pictures,
        settings={**settings_of(results.settings), "threshold": f"{analysis.confidence:g}"},
    )


def _facts(results: EvaluationResults) -> dict[str, str]:
    analysis, evaluation = results.analysis, results.evaluation
    return {
        **facts_of(results.settings),
        "pictures": f"{evaluation.pictures:,}",
        "objects": f"{analysis.curves[-1].truths:,}",
        "detections": f"{evaluation.detections:,}",
    }


def _headline(analysis: Analysis, evaluation: Evaluation) -> dict[str, str]:
    darknet, statistics = evaluation.darknet[0], evaluation.coco.statistics
    best_threshold, best_f1 = best_of(analysis.curves[-1])
    at = "" if best_threshold is None else f" at {best_threshold:.2f}"
    return {
        f"Darknet mAP@{darknet.iou:.2f}": _shown(percent(darknet.mean)),
        "COCO AP": _shown(percent(statistics["AP"])),
        "COCO AP50": _shown(percent(statistics["AP50"])),
        f"best F1{at}": _shown(best_f1),
        f"errors at {analysis.confidence:g}": f"{sum(analysis.errors.values()):,}",
    }


def _shown(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f} %"


def _sections(results: EvaluationResults, plots: Sequence[Plot]) -> tuple[Section, ...]:
    """Return the sections that have something to say, in order."""
    analysis, evaluation = results.analysis, results.evaluation
    summary = (convention_table(evaluation), overall_table(analysis), error_table(analysis))
    classes = (class_table(analysis, evaluation), darknet_table(evaluation.darknet[0]))
    speed = speed_table(results.seconds, evaluation.pictures)
    failed = failure_table(results.failed, len(results.failed))
    sections = (
        Section("Summary", _CONVENTION, summary),
        Section("Classes", (), classes),
        Section("Curves and errors", (), tuple(plots)),
        Section("Sizes", (), (size_table(analysis),)),
        Section("Speed", (), (speed,) if results.seconds else ()),
        Section("Failed pictures", (), (failed,) if results.failed else ()),
    )
    return tuple(section for section in sections if section.parts)
