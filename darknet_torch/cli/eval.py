"""`dtorch eval`: how good a detector is, by every convention."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.classifier_evaluation import evaluate_classifier
from darknet_torch.cli.darknet.flags import darknet_flags, take_darknet_flags
from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.detector_evaluation import (
    exit_if_failed,
    load,
    numbered,
    open_evaluated,
    print_result,
    search,
    with_names,
)
from darknet_torch.cli.options import (
    data_set_options,
    network_options,
    output_options,
    overlap_options,
    run_options,
)
from darknet_torch.cli.value_completion import PATH
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.datasets.model import DataSet
    from darknet_torch.evaluation.detecting import Passed
    from darknet_torch.evaluation.evaluate import Evaluation, Step
    from darknet_torch.evaluation.ground_truth import GroundTruth
    from darknet_torch.model.network import Network

_PART = click.FloatRange(0, 1)
_FORMS = ("coco", "voc", "txt")


def _scores(ctx: object, param: object, value: str | None) -> tuple[float, ...]:
    """Scores parted by commas."""
    try:
        scores = tuple(float(part) for part in value.split(",")) if value else ()
    except ValueError:
        scores = (-1.0,)
    if not all(0 <= score <= 1 for score in scores):
        raise click.BadParameter(f"{value!r} is no list of scores, such as 0.01,0.001")
    return scores


def check_points(ctx: object, param: object, value: int) -> int:
    """0, or a number of points that has a first and a last."""
    if value == 1:
        raise click.BadParameter("1 is no number of points: 0 (the area), 11, 101")
    return value


@click.command("eval", short_help="Average precision by every convention.")
@network_options
@data_set_options
@click.option(
    "--threshold",
    "--thresh",
    "-thresh",
    "threshold",
    type=_PART,
    default=0.25,
    show_default=True,
    help="Precision, recall and IoU count detections above this score.",
)
@click.option(
    "--min-score",
    type=_PART,
    default=0.005,
    show_default=True,
    help="Average precision counts detections above this score.",
)
@click.option(
    "--iou",
    "-iou_thresh",
    "ious",
    type=_PART,
    multiple=True,
    default=(0.5,),
    show_default=True,
    help="Overlap that makes a detection right; may be given several times.",
)
@click.option(
    "--points",
    "-points",
    type=click.IntRange(min=0),
    callback=check_points,
    default=0,
    show_default=True,
    help="Recalls at which Darknet's map takes precision: 11, 101, or 0 for the area.",
)
@overlap_options
@click.option(
    "--sweep",
    metavar="S,S,...",
    callback=_scores,
    help="Also compare these scores in place of --min-score.",
)
@click.option(
    "--results", type=PATH, metavar="PATH", help="Judge this results file; no network runs."
)
@click.option("--export", type=PATH, metavar="DIR", help="Write what was found here.")
@click.option(
    "--export-form",
    "export_forms",
    type=click.Choice(_FORMS),
    multiple=True,
    default=_FORMS,
    help="In which form, with --export; may be given several times [default: all].",
)
@run_options
@output_options
@darknet_flags
def eval_command(**arguments: Any) -> None:
    """Average precision by every convention, from one pass over a data set.

    Prints what `darknet detector map` prints, a table of the classes, Pascal VOC's and COCO's
    numbers, and with which settings they came about. The split is `valid` by default. Of a
    classifier it tells how often its first guesses are right.

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or unusable input.
    """
    start = time.perf_counter()
    arguments = take_darknet_flags(arguments)
    if arguments["results"] is None and arguments["cfg"] is None:
        raise UsageError(
            "no network", expected="--cfg CFG --weights FILE, or --results PATH", got="neither"
        )
    if arguments["results"]:
        settings, passed, ground_truth = _read_results(open_evaluated(arguments), arguments)
    else:
        find_data(arguments["data"], arguments["cfg"])
        network = load(arguments)
        if not network.heads:
            evaluate_classifier(network, arguments)
            return
        settings, passed, ground_truth = _detect(network, open_evaluated(arguments), arguments)
    evaluation, steps = _count(passed, ground_truth, arguments)
    _export(passed, ground_truth, arguments)
    seconds = {
        "network": passed.predicting,
        "nms": passed.selecting[0],
        "total": time.perf_counter() - start,
    }
    content = {
        "settings": settings,
        "seconds": seconds,
        **evaluation.to_dict(),
        "sweep": [asdict(step) for step in steps],
    }
    print_result(_lines(settings, evaluation, steps, seconds), content, arguments)
    exit_if_failed(passed)


Read = tuple[dict[str, Any], "Passed", "GroundTruth"]


def _read_results(data_set: DataSet, arguments: dict[str, Any]) -> Read:
    """A results file, and what there is, as after a pass."""
    from darknet_torch.evaluation.detecting import filtered
    from darknet_torch.evaluation.ground_truth import GroundTruth
    from darknet_torch.evaluation.reading import read_results

    known = [e.labels.class_ids.max(initial=-1) for e in data_set.examples if e.labels is not None]
    names = data_set.names or numbered(1 + max(known, default=-1))
    ground_truth = GroundTruth.of(with_names(data_set, names))
    found = read_results(Path(arguments["results"]), ground_truth)
    passed = filtered(found, (arguments["min_score"], *arguments["sweep"]))
    settings = {
        "data": data_set.origin,
        "results": arguments["results"],
        "min_score": arguments["min_score"],
    }
    return settings, passed, ground_truth


def _detect(network: Network, data_set: DataSet, arguments: dict[str, Any]) -> Read:
    """A pass over the data set."""
    thresholds = (arguments["min_score"], *arguments["sweep"])
    searched = search(network, data_set, arguments, thresholds, arguments["nms_threshold"])
    detector = searched.detector
    files = resolve_model(arguments["cfg"], arguments["weights"], default_weights=True)
    settings = {
        "data": data_set.origin,
        "cfg": arguments["cfg"],
        "weights": arguments["weights"] or str(files.weights),
        "width": detector.network.net.width,
        "height": detector.network.net.height,
        "resizing": "letterbox" if detector.letterbox else "stretch",
        "resize": detector.resize_method(moving=False),
        "min_score": arguments["min_score"],
        "nms_threshold": detector.nms_threshold,
        "nms_kind": detector.heads[-1].nms_kind,
        "backend": arguments["backend"],
    }
    return settings, searched.passed, searched.ground_truth


def _count(
    passed: Passed, ground_truth: GroundTruth, arguments: dict[str, Any]
) -> tuple[Evaluation, tuple[Step, ...]]:
    from darknet_torch.evaluation.evaluate import evaluate, sweep

    annotations = _annotations(arguments["data"])
    points, ious = arguments["points"], arguments["ious"]
    evaluation = evaluate(
        passed.found,
        ground_truth,
        ious=ious,
        points=points,
        confidence=arguments["threshold"],
        annotations=annotations,
    )
    if not arguments["sweep"]:
        return evaluation, ()
    steps = sweep(passed, ground_truth, iou=ious[0], points=points, annotations=annotations)
    return evaluation, steps


def _annotations(data: str | None) -> dict[str, Any] | None:
    """The content of a COCO json, which says more than the data set keeps of it."""
    if data is None or Path(data).suffix.lower() != ".json":
        return None
    content: dict[str, Any] = json.loads(Path(data).read_bytes())
    return content


def _export(passed: Passed, ground_truth: GroundTruth, arguments: dict[str, Any]) -> None:
    from darknet_torch.evaluation.export import WRITERS

    if arguments["export"]:
        for form in dict.fromkeys(arguments["export_forms"]):
            WRITERS[form](passed.found, ground_truth, Path(arguments["export"]) / form)


def _lines(
    settings: dict[str, Any],
    evaluation: Evaluation,
    steps: tuple[Step, ...],
    seconds: dict[str, float],
) -> list[str]:
    from darknet_torch.evaluation.report import report, sweep_table

    told = ", ".join(f"{key} {value}" for key, value in settings.items() if value is not None)
    lines = [f"{evaluation.pictures} pictures; {told}", "", *report(evaluation)]
    if steps:
        lines += ["", "By the score that detections are above:", *sweep_table(steps)]
    times = ", ".join(f"{what} {spent:.1f}" for what, spent in seconds.items())
    return [*lines, "", f"Seconds: {times}"]
