"""`dtorch eval`: average precision by every convention."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.classifier_evaluation import evaluate_classifier
from darknet_torch.cli.darknet.flags import apply_darknet_flags
from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.detection_settings import EvaluationSettings, network_settings
from darknet_torch.cli.detector_evaluation import (
    detect_in_data_set,
    exit_if_failed,
    open_evaluation_data,
    print_result,
    with_names,
)
from darknet_torch.cli.engine_loading import load_for_pictures
from darknet_torch.cli.eval_options import EvalOptions, eval_options
from darknet_torch.cli.evaluation_report import (
    check_evaluation_page,
    refuse_classifier_page,
    write_evaluation_page,
)
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.model_loading import complete_model, print_taken
from darknet_torch.cli.model_words import take_data_words
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import DataSet
    from darknet_torch.engines.model import EngineModel
    from darknet_torch.evaluation.analysis import Analysis
    from darknet_torch.evaluation.detection_pass import DetectionPass
    from darknet_torch.evaluation.evaluate import Evaluation, SweepStep
    from darknet_torch.evaluation.ground_truth import GroundTruth
    from darknet_torch.model.network import Network


@dataclass(frozen=True)
class _Detected:
    """The detections to evaluate.

    Attributes:
        settings: the settings they were made with, for the report.
        detection_pass: the detections.
        ground_truth: the labels.
    """

    settings: EvaluationSettings
    detection_pass: DetectionPass
    ground_truth: GroundTruth


@click.command("eval")
@eval_options
@parsed_into(EvalOptions)
def eval_command(options: EvalOptions) -> None:
    """Average precision by every convention, from one pass over a data set.

    Prints what `darknet detector map` prints, a table of the classes, the numbers of Pascal VOC
    and COCO, what is wrong with the detections, and the settings of the evaluation. The split is
    `valid` by default. For a classifier it prints how often its first guesses are right.

    WEIGHTS, CFG and DATA may be given without their options, in any order; of weights and cfg the
    one that is missing is found by the name of the other.

    \b
    dtorch eval custom.weights obj.data

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or unusable input.
    """
    start = time.perf_counter()
    options = _take_words(apply_darknet_flags(options))
    check_evaluation_page(options)
    if options.results:
        detected = _read_results(options.results, open_evaluation_data(options), options)
    else:
        options = complete_model(options)
        find_data(options.data, options.cfg)  # a missing data set is reported before loading
        from darknet_torch.inference.description import describe

        model = load_for_pictures(options)
        print_taken(options, model.taken)
        network = model.network
        if not describe(network).heads:
            refuse_classifier_page(options)
            evaluate_classifier(network, options)
            return
        detected = _detect(network, open_evaluation_data(options), options)
    evaluation, steps = _evaluate(detected, options)
    analysis = _analyse(detected, evaluation, options)
    _export(detected, options)
    seconds = {
        "network": detected.detection_pass.predict_seconds,
        "nms": detected.detection_pass.nms_seconds[0],
        "total": time.perf_counter() - start,
    }
    content = {
        "settings": detected.settings.to_dict(),
        "seconds": seconds,
        **evaluation.to_dict(),
        "analysis": analysis.to_dict(),
        "sweep": [asdict(step) for step in steps],
    }
    lines = _report_lines(detected.settings, evaluation, analysis, steps, seconds)
    print_result(lines, content, options)
    if options.report or options.plots:
        _write_page(detected, evaluation, analysis, options)
    exit_if_failed(detected.detection_pass)


def _take_words(options: EvalOptions) -> EvalOptions:
    """Read the words as the files of the model and the data set.

    Raises:
        UsageError: there are two of a kind, or there is nothing to evaluate.
    """
    options = take_data_words(options)
    if not (options.results or options.cfg or options.weights):
        raise UsageError(
            "no network",
            expected="a cfg or weights, as in dtorch eval custom.weights obj.data, or --results "
            "PATH",
            got="neither",
        )
    return options


def _read_results(results: str, data_set: DataSet, options: EvalOptions) -> _Detected:
    """Read a results file."""
    from darknet_torch.datasets.class_files import numbered_names
    from darknet_torch.evaluation.detection_pass import pass_from_detections
    from darknet_torch.evaluation.ground_truth import GroundTruth
    from darknet_torch.evaluation.results_reader import read_results, results_files

    known = [e.labels.class_ids.max(initial=-1) for e in data_set.examples if e.labels is not None]
    names = data_set.names or numbered_names(1 + max(known, default=-1))
    with report_warnings(options):
        ground_truth = GroundTruth.from_data_set(with_names(data_set, names))
    protect_inputs(results_files(Path(results)))
    found = read_results(Path(results), ground_truth)
    detection_pass = pass_from_detections(found, (options.min_score, *options.sweep))
    settings = EvaluationSettings(
        data=data_set.origin, results=results, min_score=options.min_score
    )
    return _Detected(settings, detection_pass, ground_truth)


def _detect(network: Network | EngineModel, data_set: DataSet, options: EvalOptions) -> _Detected:
    """Run the network over the data set."""
    found = detect_in_data_set(
        network,
        data_set,
        options,
        thresholds=(options.min_score, *options.sweep),
        nms_threshold=options.nms_threshold,
    )
    settings = EvaluationSettings(
        data=data_set.origin,
        resize=found.detector.resize_method(from_video=False),
        min_score=options.min_score,
        backend=options.backend,
        **network_settings(found.detector, options),
    )
    return _Detected(settings, found.detection_pass, found.ground_truth)


def _evaluate(
    detected: _Detected, options: EvalOptions
) -> tuple[Evaluation, tuple[SweepStep, ...]]:
    """Evaluate the detections, and the steps of --sweep."""
    from darknet_torch.evaluation.evaluate import evaluate, sweep

    detection_pass, ground_truth = detected.detection_pass, detected.ground_truth
    points, ious = options.points, options.ious
    evaluation = evaluate(
        detection_pass.detections,
        ground_truth,
        ious=ious,
        points=points,
        confidence=options.threshold,
    )
    if not options.sweep:
        return evaluation, ()
    return evaluation, sweep(detection_pass, ground_truth, iou=ious[0], points=points)


def _analyse(detected: _Detected, evaluation: Evaluation, options: EvalOptions) -> Analysis:
    """Find what is wrong with the detections, by COCO's matching."""
    from darknet_torch.evaluation.analysis import analyse

    return analyse(
        detected.detection_pass.detections,
        detected.ground_truth,
        evaluation.coco,
        confidence=options.threshold,
        min_score=options.min_score,
    )


def _export(detected: _Detected, options: EvalOptions) -> None:
    """Write the detections to --export in the formats of --export-format."""
    from darknet_torch.evaluation.results_writer import WRITERS

    if options.export:
        for name in dict.fromkeys(options.export_formats):
            folder = Path(options.export) / name
            WRITERS[name](detected.detection_pass.detections, detected.ground_truth, folder)
            options.print_remark(f"detections: {folder}")


def _write_page(
    detected: _Detected, evaluation: Evaluation, analysis: Analysis, options: EvalOptions
) -> None:
    """Write --report and --plots."""
    from darknet_torch.report.evaluation_page import EvaluationResults

    found = detected.detection_pass
    seconds = {"resizing and network": found.predict_seconds, "NMS": found.nms_seconds[0]}
    results = EvaluationResults(
        analysis,
        evaluation,
        detected.settings.to_dict(),
        {} if options.results else seconds,
        [str(error) for error in found.errors],
    )
    write_evaluation_page(results, detected.ground_truth, options)


def _report_lines(
    settings: EvaluationSettings,
    evaluation: Evaluation,
    analysis: Analysis,
    steps: tuple[SweepStep, ...],
    seconds: dict[str, float],
) -> list[str]:
    from darknet_torch.evaluation.report import error_lines, report, sweep_table

    lines = [f"{evaluation.pictures} pictures; {settings}", "", *report(evaluation)]
    lines += ["", *error_lines(analysis)]
    if steps:
        lines += ["", "By score threshold:", *sweep_table(steps)]
    times = ", ".join(f"{what} {spent:.1f}" for what, spent in seconds.items())
    return [*lines, "", f"Seconds: {times}"]
