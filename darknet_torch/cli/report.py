"""`dtorch report`: trainings side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.data_options import DataSetOptions, data_set_options
from darknet_torch.cli.dataset_loading import open_data
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.options import (
    DeviceOptions,
    ReportFormatOptions,
    device_option,
    max_pixels_option,
    parsed_into,
    quiet_option,
    report_format_options,
    threshold_option,
    workers_option,
)
from darknet_torch.cli.parameter_types import OUTPUT_FOLDER, PATH, POSITIVE
from darknet_torch.cli.progress import progress_bar
from darknet_torch.cli.report_options import PageOptions, check_page, write_page_and_plots
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cli.result_output import print_or_write
from darknet_torch.errors import DarknetError, UsageError
from darknet_torch.text import path_exists
from darknet_torch.training.run_folder import ENVIRONMENT, EVENTS, PLAN, RESULTS, free_path

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import DataSet
    from darknet_torch.report.run_page import RunComparison
    from darknet_torch.report.runs import Run
    from darknet_torch.report.two_models import TwoModels

_FOLDER = "report"
_SPLIT = "valid"
_READ = (PLAN, RESULTS, ENVIRONMENT, EVENTS, ".cfg", ".names")  # files of a training


@dataclass(frozen=True, kw_only=True)
class ReportOptions(ReportFormatOptions, DataSetOptions, DeviceOptions):
    """The options of `dtorch report`.

    Attributes:
        runs: the folders of the trainings.
        out: the folder of the page; None for the first of report, report-2, ... that is free.
        plots: the folder of the plots; None for none.
        compare: the two trainings whose models are compared, by label or path; None for the
            first two.
        pictures: how many pictures these run over.
        no_pictures: run no model.
        threshold: disagreements count from scores above it, 0-1.
    """

    runs: tuple[str, ...]
    out: str | None
    plots: str | None
    compare: tuple[str, str] | None
    pictures: int
    no_pictures: bool
    threshold: float
    workers: int


@click.command()
@click.argument("runs", nargs=-1, required=True, type=PATH, metavar="RUN...")
@click.option(
    "--out",
    type=OUTPUT_FOLDER,
    metavar="DIR",
    help="Write the page to DIR/index.html "
    f"[default: {_FOLDER}, or {_FOLDER}-2, ... if it exists].",
)
@click.option(
    "--plots",
    type=OUTPUT_FOLDER,
    metavar="DIR",
    help="Write the plots of the page to DIR, each as PNG and SVG.",
)
@click.option(
    "--compare",
    nargs=2,
    type=PATH,
    metavar="RUN RUN",
    help="The two runs whose models are compared on pictures [default: the first two].",
)
@data_set_options
@click.option(
    "--pictures",
    type=POSITIVE,
    default=100,
    show_default=True,
    metavar="N",
    help="Compare the models on N pictures, evenly spaced in the split.",
)
@click.option("--no-pictures", is_flag=True, help="Compare no models; neither torch nor data.")
@threshold_option("Disagreements of the models count from scores above this.")
@device_option
@workers_option
@max_pixels_option
@report_format_options
@quiet_option("Print no warnings and no progress.")
@parsed_into(ReportOptions)
def report(options: ReportOptions) -> None:
    """Compare trainings on one page: curves, settings, and where two models disagree.

    RUN is the folder of a training, as --backup names it; where several share a folder, the
    folder and the name of the cfg: runs/both/small. A training that still runs is shown as far as
    it is.

    The pictures are those that the first of the two models was evaluated on, or --data and
    --split, valid by default. Each model has the best weights of its run, else the final ones,
    else the last. Where weights or pictures are missing, the page comes without and says why.

    \b
    dtorch report runs/custom runs/custom-2
    dtorch report runs/* --compare custom custom-3 --no-pictures --plots plots
    """
    from darknet_torch.report.disagreement_pictures import disagreement_pictures
    from darknet_torch.report.run_page import RunComparison, run_page
    from darknet_torch.report.run_plots import run_plots
    from darknet_torch.report.runs import read_runs

    runs = read_runs(options.runs)
    protect_inputs(run.place.path(suffix) for run in runs for suffix in _READ)
    protect_inputs(run.weights for run in runs)
    pair = _pair(options, runs)
    files = PageOptions(
        report=options.out or str(free_path(_FOLDER)), plots=options.plots, quiet=options.quiet
    )
    plots = run_plots(runs)
    check_page(files, lambda: plots)
    comparison = RunComparison(runs, *_compare(options, pair))
    if comparison.no_pictures and not options.no_pictures:
        options.print_remark(f"note: no pictures: {comparison.no_pictures}")
    found = comparison.two_models
    pictures = disagreement_pictures(found, workers=options.workers) if found else ()
    write_page_and_plots(files, plots, runs, lambda drawn: run_page(comparison, drawn, pictures))
    _print(comparison, options)


def _pair(options: ReportOptions, runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the two trainings whose models are compared; () where there is only one.

    Raises:
        UsageError: --compare names none of the trainings, or one of them twice.
    """
    if options.compare is None:
        return tuple(runs[:2]) if len(runs) > 1 else ()
    names = {run.label: run for run in runs}
    names |= dict(zip(options.runs, runs, strict=True))
    for given in options.compare:
        if given not in names:
            raise UsageError(
                "--compare names no run of this command",
                expected=f"two of {', '.join(run.label for run in runs)}",
                got=given,
            )
    first, second = (names[given] for given in options.compare)
    if first is second:
        raise UsageError(
            "--compare names one run twice",
            expected=f"two of {', '.join(run.label for run in runs)}",
            got=" and ".join(options.compare),
        )
    return first, second


def _compare(options: ReportOptions, pair: Sequence[Run]) -> tuple[TwoModels | None, str]:
    """Return the detections of two models, or None and why there are none."""
    if not pair:
        return None, ""
    if options.no_pictures:
        return None, "left out by --no-pictures"
    try:
        return _detect(options, pair), ""
    except DarknetError as error:
        return None, str(error)


def _detect(options: ReportOptions, pair: Sequence[Run]) -> TwoModels:
    """Run two models over the pictures.

    Raises:
        DarknetError: weights, cfg or pictures are missing, or the networks are no detectors.
    """
    from darknet_torch.report.model_detections import (
        LEAST_SCORE,
        check_model,
        detect_with_run,
        load_detector,
    )
    from darknet_torch.report.two_models import compare_models

    for run in pair:
        check_model(run)
    with report_warnings(options):
        detectors = [load_detector(run, options.device) for run in pair]
        data_set = _some_pictures(open_data(_data_of(options, pair[0])), options.pictures)
    count = len(pair) * len(data_set.examples)
    with report_warnings(options), progress_bar(count, quiet=options.quiet) as advance:
        first, second = (
            detect_with_run(
                run,
                detector,
                data_set,
                least_score=min(LEAST_SCORE, options.threshold),
                workers=options.workers,
                advance=advance,
                report=options.print_remark,
            )
            for run, detector in zip(pair, detectors, strict=True)
        )
    if not first.readable:
        raise UsageError("no picture can be read", where=data_set.origin)
    return compare_models(first, second, data_set, options.threshold)


def _data_of(options: ReportOptions, run: Run) -> ReportOptions:
    """Return the options with the data that a training was evaluated on, unless --data is given.

    Raises:
        UsageError: neither is known.
    """
    plan = run.plan
    split = options.split or (plan.get("valid_split") or _SPLIT)
    if options.data:
        return replace(options, split=options.split or _SPLIT)
    if not plan.get("data"):
        raise UsageError(
            "the training does not say what it was evaluated on",
            where=run.place.path(PLAN),
            fix="name pictures with --data",
        )
    return replace(
        options,
        data=_path(run, "data"),
        split=split,
        images=options.images or _path(run, "images"),
        names=options.names or _path(run, "names"),
        voc_origin=plan.get("voc_origin", options.voc_origin),
        exif=plan.get("exif", True),
    )


def _path(run: Run, name: str) -> str | None:
    """A path of a plan, which may be relative to the folder in which the training started."""
    given = run.plan.get(name)
    if given is None or path_exists(given):
        return given
    there = Path(str(run.start.get("folder", ""))) / given
    return str(there) if path_exists(there) else given


def _some_pictures(data_set: DataSet, most: int) -> DataSet:
    """Return the data set with `most` of its pictures, evenly spaced."""
    count = len(data_set.examples)
    if count <= most:
        return data_set
    places = (index * count // most for index in range(most))
    return replace(data_set, examples=tuple(data_set.examples[place] for place in places))


def _print(comparison: RunComparison, options: ReportOptions) -> None:
    from darknet_torch.report.run_text import comparison_lines, comparison_values

    content: dict[str, Any]
    if options.is_json:
        content = comparison_values(comparison)
        print_or_write(json.dumps(content, indent=1, ensure_ascii=False), None)
    else:
        print_or_write("\n".join(comparison_lines(comparison)), None)
