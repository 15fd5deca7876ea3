"""All conventions of average precision together, and a sweep over thresholds."""

from dataclasses import replace

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.evaluation.coco import coco_ap
from darknet_torch.evaluation.darknet import match
from darknet_torch.evaluation.detection_pass import pass_from_detections
from darknet_torch.evaluation.evaluate import evaluate, sweep
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.voc import voc_ap
from tests.evaluation import plain_loops


def test_an_evaluation_has_the_result_of_every_convention():
    detections, ground_truth = plain_loops.random_case(4, pictures=4)
    result = evaluate(detections, ground_truth, ious=(0.5, 0.75), points=11, confidence=0.4)
    names = ground_truth.names
    for darknet, voc, iou in zip(result.darknet, result.voc, (0.5, 0.75), strict=True):
        matching = match(detections, ground_truth.truths, len(names), iou)
        assert darknet == matching.result(names, points=11, confidence=0.4)
        assert voc == voc_ap(detections, ground_truth, iou=iou)
    assert result.coco == coco_ap(detections, ground_truth)
    assert (result.detections, result.pictures) == (len(detections), 4)


def test_a_sweep_evaluates_the_detections_above_each_threshold():
    detections, ground_truth = plain_loops.random_case(4, pictures=4)
    detection_pass = pass_from_detections(detections, (0.1, 0.6))
    for step, table in zip(
        sweep(detection_pass, ground_truth), detection_pass.detections_by_threshold, strict=True
    ):
        expected = evaluate(table, ground_truth)
        assert step.detections == len(table)
        assert step.darknet == expected.darknet[0].mean
        assert (step.voc_07, step.voc_10) == (
            expected.voc[0].mean_by_points,
            expected.voc[0].mean_by_area,
        )
        assert step.coco == expected.coco.statistics["AP"]


def test_more_classes_than_any_detector_has_are_refused():
    detections, ground_truth = plain_loops.random_case(4, pictures=1)
    data_set = replace(ground_truth.data_set, names=tuple(map(str, range(10_001))))
    with pytest.raises(UsageError, match=r"too many classes .*at most 10,000, got 10,001"):
        evaluate(detections, GroundTruth(data_set, ground_truth.sizes))
