"""`dtorch detector map|valid|recall`: evaluation with Darknet's command line."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.cli.batch_choice import choose_batch_size
from darknet_torch.cli.darknet.flags import apply_darknet_flags, darknet_style
from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.detector_evaluation import (
    SOME_FAILED,
    DetectedDataSet,
    build_detector,
    detect_in_data_set,
    exit_if_failed,
    open_evaluation_data,
)
from darknet_torch.cli.eval import eval_command
from darknet_torch.cli.eval_options import EvalOptions
from darknet_torch.cli.model_loading import load_model_to_device
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.parameter_types import OUTPUT_FOLDER
from darknet_torch.cli.progress import progress_bar
from darknet_torch.cli.terminal import echo
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.evaluation.ground_truth import GroundTruth

# Options of `dtorch eval` that these commands do not use; each command names its exceptions.
_UNUSED = frozenset(
    "threshold min_score points nms_threshold sweep results export export_formats report plots "
    "output_format out json_out source".split()
)

# Score and NMS threshold. Source: detector.c validate_detector of each code base.
_VALID = {"alexeyab": (0.001, 0.6), "pjreddie": (0.005, 0.45)}


def _detect(options: EvalOptions, score: float, nms_threshold: float) -> DetectedDataSet:
    network = load_model_to_device(options)
    return detect_in_data_set(
        network,
        open_evaluation_data(options),
        options,
        thresholds=[score],
        nms_threshold=nms_threshold,
    )


@darknet_style(eval_command, without_effect=_UNUSED - {"threshold", "points"})
@parsed_into(EvalOptions)
def map_(options: EvalOptions) -> None:
    """Average precision of the list valid= in DATA, in Darknet's words.

    Scores above 0.005 and an NMS at 0.45, as in Darknet, whatever the options say.
    """
    from darknet_torch.evaluation.darknet import MIN_SCORE, NMS_THRESHOLD, match

    options = apply_darknet_flags(options)
    detected = _detect(options, MIN_SCORE, NMS_THRESHOLD)
    ground_truth = detected.ground_truth
    names = ground_truth.names
    for iou in options.ious:
        matching = match(detected.detection_pass.detections, ground_truth.truths, len(names), iou)
        result = matching.result(names, points=options.points, confidence=options.threshold)
        echo("\n".join(result.lines()))
    exit_if_failed(detected.detection_pass)


@darknet_style(eval_command, without_effect=(_UNUSED | {"ious"}) - {"json_out"})
@parsed_into(EvalOptions)
def valid(options: EvalOptions) -> None:
    """Write the detections in the list valid= of DATA to the folder results= there.

    As eval= says: voc (comp4_det_test_CLASS.txt) or coco (coco_results.json); -out FILE
    stands for comp4_det_test_ or coco_results.
    """
    from darknet_torch.cfg.dialect import find_dialect

    file_name = options.json_out
    options = apply_darknet_flags(replace(options, json_out=None))
    data = find_data(options.data, options.cfg)
    keys = read_data_file(data)
    results_format = keys["eval"].text if "eval" in keys else "voc"
    folder = keys["results"].path() if "results" in keys else resolve(data, "results")
    if results_format not in ("voc", "coco"):
        raise UsageError(
            "unknown eval=",
            where=data,
            expected="voc or coco",
            got=results_format,
        )
    OUTPUT_FOLDER.check(str(folder))
    score, nms = _VALID[find_dialect(options.dialect).code_base]
    detected = _detect(options, score, nms)
    _write(detected, results_format, folder, file_name)
    echo(f"{len(detected.detection_pass.detections)} detections written to {folder}", err=True)
    exit_if_failed(detected.detection_pass)


# Here -out is the start of a name in that folder instead of a path.
valid.params = [
    click.Option(["-out", "json_out"], hidden=True) if parameter.name == "json_out" else parameter
    for parameter in valid.params
]


def _write(
    detected: DetectedDataSet, results_format: str, folder: Path, file_name: str | None
) -> None:
    """Write detections as Pascal VOC's or COCO's results."""
    from darknet_torch.evaluation.coco import result_records
    from darknet_torch.evaluation.results_writer import VOC_PREFIX, write_json, write_voc

    found, ground_truth = detected.detection_pass.detections, detected.ground_truth
    if results_format == "voc":
        write_voc(found, ground_truth, folder, prefix=file_name or VOC_PREFIX)
        return
    records = result_records(found, _with_coco_ids(ground_truth))
    write_json(folder / f"{file_name or 'coco_results'}.json", records)


def _with_coco_ids(ground_truth: GroundTruth) -> GroundTruth:
    """Return the labels with COCO's numbers of the classes."""
    from darknet_torch.evaluation.coco import usual_category_ids

    ids = usual_category_ids(len(ground_truth.names))
    return replace(ground_truth, data_set=replace(ground_truth.data_set, category_ids=ids))


@darknet_style(eval_command, without_effect=_UNUSED)
@parsed_into(EvalOptions)
def recall(options: EvalOptions) -> None:
    """Print the recall on the list valid= in DATA of boxes of any class, picture by picture.

    Boxes of objectness above 0.001 after an NMS at 0.4, pictures stretched, as in Darknet.
    """
    from darknet_torch.evaluation.recall import MIN_OBJECTNESS, NMS_THRESHOLD, running_recalls
    from darknet_torch.media.frame_batches import picture_batches

    options = apply_darknet_flags(options)
    options = replace(options, letterbox=bool(options.letterbox))
    data_set = open_evaluation_data(options)
    detector = build_detector(load_model_to_device(options), data_set, options, NMS_THRESHOLD)
    proposals, labels, failed = [], [], 0
    batches = picture_batches(
        [example.path for example in data_set.examples],
        size=choose_batch_size(options, detector, len(data_set.examples)),
        workers=options.workers,
        exif=options.exif,
        report=options.print_remark,
    )
    with progress_bar(len(data_set.examples), quiet=options.quiet) as advance:
        for batch in batches:
            for error in batch.errors:
                echo(f"dtorch: {error}", err=True)
            failed += len(batch.errors)
            if batch.images:
                predicted = detector.predict(batch.images)
                proposals += [
                    detector.propose_boxes(predicted, index, MIN_OBJECTNESS)
                    for index in range(len(batch.images))
                ]
                labels += [data_set.examples[place].labels for place in batch.indices]
            advance(len(batch))
    for so_far in running_recalls(proposals, labels, iou=options.ious[0]):
        echo(so_far.line())
    if failed:
        sys.exit(SOME_FAILED)
