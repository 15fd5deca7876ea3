"""What --report and --plots of `dtorch eval` write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from darknet_torch.cli.detector_evaluation import EvaluationOptions
from darknet_torch.cli.report_options import PageOptions, check_page, write_page_and_plots
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.evaluation.ground_truth import GroundTruth
    from darknet_torch.report.content import PageContent, Plot
    from darknet_torch.report.evaluation_page import EvaluationResults
    from darknet_torch.report.named_plots import NamedPlot


@dataclass(frozen=True, kw_only=True)
class EvaluationPageOptions(PageOptions, EvaluationOptions):
    """How an evaluation is run, and where its page goes."""


def check_evaluation_page(options: PageOptions) -> None:
    """Check before the run that --report and --plots can be written; see `check_page`."""
    check_page(options, _plots)


def _plots() -> Sequence[NamedPlot[Any]]:
    from darknet_torch.report.evaluation_plots import EVALUATION_PLOTS

    return EVALUATION_PLOTS


def refuse_classifier_page(options: PageOptions) -> None:
    """Refuse --report and --plots for a classifier, which has no boxes.

    Raises:
        UsageError: one of them is given.
    """
    given = "--report" if options.report else "--plots" if options.plots else None
    if given:
        raise UsageError(
            f"{given} is for detectors",
            expected="a network with detection heads",
            got="a classifier",
            fix=f"leave out {given}; --format json has all numbers",
        )


def write_evaluation_page(
    results: EvaluationResults, ground_truth: GroundTruth, options: EvaluationPageOptions
) -> None:
    """Write --report and --plots.

    Raises:
        UsageError: a file cannot be written.
    """
    from darknet_torch.report.evaluation_page import evaluation_page
    from darknet_torch.report.evaluation_pictures import evaluation_pictures

    def content(plots: Sequence[Plot]) -> PageContent:
        pictures = evaluation_pictures(
            results.analysis, ground_truth, workers=options.workers, exif=options.exif
        )
        return evaluation_page(results, plots, pictures)

    write_page_and_plots(options, _plots(), results.analysis, content)
