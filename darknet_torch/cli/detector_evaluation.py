"""The run of a detector over a data set, shared by the commands that evaluate it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darknet_torch.cli.batch_choice import choose_batch_size
from darknet_torch.cli.data_options import DataSetOptions
from darknet_torch.cli.dataset_loading import find_data, open_data
from darknet_torch.cli.model_loading import RunModelOptions, find_names
from darknet_torch.cli.options import (
    ModelOptions,
    OutputOptions,
    OverlapOptions,
)
from darknet_torch.cli.parameter_types import STANDARD_STREAM
from darknet_torch.cli.progress import progress_bar
from darknet_torch.cli.reporting import report_warnings, warn_of_problems
from darknet_torch.cli.result_output import print_or_write
from darknet_torch.cli.terminal import echo
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import DataSet
    from darknet_torch.engines.model import EngineModel
    from darknet_torch.evaluation.detection_pass import DetectionPass
    from darknet_torch.evaluation.ground_truth import GroundTruth
    from darknet_torch.inference.detector import Detector
    from darknet_torch.model.network import Network

DEFAULT_SPLIT = "valid"  # the split to evaluate without --split
SOME_FAILED = 1


@dataclass(frozen=True, kw_only=True)
class ModelDataOptions(ModelOptions, DataSetOptions):
    """A model and a data set to evaluate it on."""


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions(RunModelOptions, ModelDataOptions, OverlapOptions, OutputOptions):
    """A model, a data set to evaluate it on, and how to run it."""


@dataclass(frozen=True)
class DetectedDataSet:
    """The detections in a data set, and its labels.

    Attributes:
        detector: what found them.
        detection_pass: the detections.
        ground_truth: the labels of the pictures that could be read.
    """

    detector: Detector
    detection_pass: DetectionPass
    ground_truth: GroundTruth


def open_evaluation_data(options: ModelDataOptions) -> DataSet:
    """Open the data set to evaluate on, its split ``valid`` by default."""
    from darknet_torch.datasets.class_order import warn_of_class_order

    cfg = options.cfg
    with report_warnings(options):
        found = open_data(options, cfg, default_split=DEFAULT_SPLIT)
        if options.names is None:
            names_file = resolve_model(cfg).companion(".names") if cfg else None
            warn_of_class_order(Path(find_data(options.data, cfg)), found.names, names_file)
        return found


def with_names(data_set: DataSet, names: Sequence[str]) -> DataSet:
    """Return the data set with these names of classes, without boxes of classes beyond them.

    Warns:
        CfgWarning: for each of the first boxes that are left out.
    """
    from darknet_torch.datasets.label_rule import leave_out_wrong_boxes

    named = replace(data_set, names=tuple(names), problems=())
    found = leave_out_wrong_boxes(named)
    warn_of_problems(found.problems, found.origin)
    return found


def detect_in_data_set(
    network: Network | EngineModel,
    data_set: DataSet,
    options: EvaluationOptions,
    *,
    thresholds: Sequence[float],
    nms_threshold: float,
) -> DetectedDataSet:
    """Run a network over a data set, and print which pictures failed.

    Args:
        network: the detector's network.
        data_set: the pictures and their labels.
        options: how to run it.
        thresholds: scores above which detections are kept, 0-1; see `detect_all`.
        nms_threshold: the IoU above which overlapping boxes are dropped, 0-1.

    Raises:
        UsageError: not one picture can be read; and as `Detector`.
    """
    from darknet_torch.evaluation.detection_pass import detect_all
    from darknet_torch.evaluation.ground_truth import GroundTruth

    detector = build_detector(network, data_set, options, nms_threshold)
    with report_warnings(options):
        data_set = with_names(data_set, detector.names)
    paths = [example.path for example in data_set.examples]
    batch = choose_batch_size(options, detector, len(paths))
    with progress_bar(len(paths), quiet=options.quiet) as advance:
        detection_pass = detect_all(
            detector,
            paths,
            thresholds=thresholds,
            batch=batch,
            workers=options.workers,
            exif=options.exif,
            advance=advance,
            report=options.print_remark,
        )
    for error in detection_pass.errors:
        echo(f"dtorch: {error}", err=True)
    if not detection_pass.readable:
        raise UsageError("no picture can be read", where=data_set.origin)
    readable = tuple(data_set.examples[place] for place in detection_pass.readable)
    ground_truth = GroundTruth.from_data_set(replace(data_set, examples=readable))
    return DetectedDataSet(detector, detection_pass, ground_truth)


def build_detector(
    network: Network | EngineModel,
    data_set: DataSet,
    options: EvaluationOptions,
    nms_threshold: float,
) -> Detector:
    """Build the detector that the options describe, with the names of the data set's classes."""
    from darknet_torch.inference.detector import Detector

    return Detector(
        network,
        names=choose_names(data_set, network, options),
        nms_threshold=nms_threshold,
        letterbox=options.letterbox,
        backend=options.backend,
        precision=options.precision,
        optimize=options.optimize,
        keep_weights=False,
        resize=options.resize,
    )


def choose_names(
    data_set: DataSet, network: Network | EngineModel, options: ModelDataOptions
) -> Sequence[str] | str:
    """Return the data set's names, else those of the network, else numbers.

    Numbers that stand for names in a data set without any are no names: they end at the last
    class that has boxes, and the network may have more.
    """
    from darknet_torch.datasets.class_files import numbered_names
    from darknet_torch.inference.description import describe

    model = describe(network)
    if data_set.names != numbered_names(len(data_set.names)) or not model.heads:
        return data_set.names
    if model.names:
        return model.names
    return find_names(options, model.classes, options.names) or numbered_names(model.classes)


def exit_if_failed(detection_pass: DetectionPass) -> None:
    """Exit with 1 if pictures failed; which ones was already printed."""
    if detection_pass.errors:
        total = len(detection_pass.errors) + len(detection_pass.readable)
        echo(f"dtorch: {len(detection_pass.errors)} of {total} pictures failed", err=True)
        sys.exit(SOME_FAILED)


def print_result(lines: Sequence[str], content: dict[str, Any], options: OutputOptions) -> None:
    """Print a result, or write it to --out: `lines` as text, or `content` as JSON."""
    as_json = options.output_format == "json"
    text = json.dumps(content, indent=1, ensure_ascii=False) if as_json else "\n".join(lines)
    print_or_write(text, options.out)
    if options.out not in (None, STANDARD_STREAM):
        options.print_remark(f"results: {options.out}")
