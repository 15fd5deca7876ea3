"""`dtorch detector map|valid|recall`: Darknet's own spelling of evaluation."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.cli.darknet.flags import darknet_style, take_darknet_flags
from darknet_torch.cli.detector_evaluation import (
    SOME_FAILED,
    exit_if_failed,
    load,
    open_evaluated,
    search,
)
from darknet_torch.cli.eval import eval_command
from darknet_torch.errors import UsageError

# Score and NMS threshold. Source: detector.c validate_detector of each code base.
_VALID = {"alexeyab": (0.001, 0.6), "pjreddie": (0.005, 0.45)}


@darknet_style(eval_command)
def map_(**arguments: Any) -> None:
    """Average precision of the list valid= in DATA, in Darknet's words.

    Scores above 0.005 and an NMS at 0.45, as in Darknet, whatever the options say.
    """
    from darknet_torch.evaluation.darknet import MIN_SCORE, NMS_THRESHOLD, match

    arguments = take_darknet_flags(arguments)
    searched = search(
        load(arguments), open_evaluated(arguments), arguments, [MIN_SCORE], NMS_THRESHOLD
    )
    ground_truth = searched.ground_truth
    names = ground_truth.names
    for iou in arguments["ious"]:
        matching = match(searched.passed.found, ground_truth.truths, len(names), iou)
        result = matching.result(
            names, points=arguments["points"], confidence=arguments["threshold"]
        )
        click.echo("\n".join(result.lines()))
    exit_if_failed(searched.passed)


@darknet_style(eval_command)
def valid(**arguments: Any) -> None:
    """Write what is found in the list valid= of DATA to the folder results= there.

    As eval= says: voc (comp4_det_test_CLASS.txt) or coco (coco_results.json); -out FILE
    stands for comp4_det_test_ or coco_results.
    """
    from darknet_torch.cfg.dialect import find_dialect
    from darknet_torch.evaluation.coco import result_records, usual_category_ids
    from darknet_torch.evaluation.export import VOC_PREFIX, write_json, write_voc

    name, arguments["json_out"] = arguments["json_out"], None
    arguments = take_darknet_flags(arguments)
    keys = read_data_file(arguments["data"])
    form = keys.get("eval", "voc")
    folder = resolve(arguments["data"], keys.get("results", "results"))
    if form not in ("voc", "coco"):
        raise UsageError(
            "eval= of this kind is not written",
            where=arguments["data"],
            expected="voc or coco",
            got=form,
        )
    score, nms = _VALID[find_dialect(arguments["dialect"]).code_base]
    searched = search(load(arguments), open_evaluated(arguments), arguments, [score], nms)
    ground_truth, found = searched.ground_truth, searched.passed.found
    if form == "voc":
        write_voc(found, ground_truth, folder, prefix=name or VOC_PREFIX)
    else:
        ids = usual_category_ids(len(ground_truth.names))
        data_set = replace(ground_truth.data_set, category_ids=ids)
        ground_truth = replace(ground_truth, data_set=data_set)
        records = result_records(found, ground_truth)
        write_json(folder / f"{name or 'coco_results'}.json", records)
    click.echo(f"{len(found)} detections written to {folder}", err=True)
    exit_if_failed(searched.passed)


@darknet_style(eval_command)
def recall(**arguments: Any) -> None:
    """How many objects of the list valid= in DATA any box covers, a line a picture.

    Boxes of objectness above 0.001 after an NMS at 0.4, pictures stretched, as in Darknet.
    """
    from darknet_torch.cli.detector_evaluation import build_detector
    from darknet_torch.evaluation.recall import MIN_OBJECTNESS, NMS_THRESHOLD, recalls
    from darknet_torch.media.frame_batches import opened_batches

    arguments = take_darknet_flags(arguments)
    arguments["letterbox"] = bool(arguments["letterbox"])
    data_set = open_evaluated(arguments)
    detector = build_detector(load(arguments), data_set, arguments, NMS_THRESHOLD)
    proposals, labels, failed = [], [], 0
    for batch in opened_batches(
        [example.path for example in data_set.examples],
        size=arguments["batch"],
        workers=arguments["workers"],
        exif=arguments["exif"],
    ):
        for error in batch.errors:
            click.echo(f"dtorch: {error}", err=True)
        failed += len(batch.errors)
        if batch.images:
            predicted = detector.predict(batch.images)
            proposals += [
                detector.propose(predicted, index, MIN_OBJECTNESS)
                for index in range(len(batch.images))
            ]
            labels += [data_set.examples[place].labels for place in batch.places]
    for so_far in recalls(proposals, labels, iou=arguments["ious"][0]):
        click.echo(so_far.line())
    if failed:
        sys.exit(SOME_FAILED)
