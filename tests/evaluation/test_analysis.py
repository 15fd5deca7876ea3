"""The whole analysis: its average precision, and its plain values."""

import json

import numpy as np
import pytest

from darknet_torch.evaluation.analysis import analyse
from darknet_torch.evaluation.coco import coco_ap
from tests.evaluation.analysis_cases import analysis_of, detections, ground_truth, hard_case


@pytest.mark.parametrize("seed", range(2))
def test_the_mean_precision_of_each_class_is_cocos_ap(seed):
    found, truth = hard_case(seed)
    coco = coco_ap(found, truth)
    curves = analyse(found, truth, coco, confidence=0.25).curves
    assert [one.name for one in curves] == [*truth.names, "all"]
    for curve, ap in zip(curves, (*coco.aps_50, coco.statistics["AP50"]), strict=True):
        if ap is None:
            assert curve.precision_at_recall is None
        else:
            assert curve.precision_at_recall.mean() == pytest.approx(ap, abs=1e-9)


def test_the_parts_agree_with_each_other():
    found, truth = hard_case(3)
    confidence = 0.45
    analysis = analysis_of(found, truth, confidence=confidence)
    every, errors = analysis.curves[-1], analysis.errors
    assert every.thresholds[45] == np.float32(confidence)
    assert errors["missed"] == every.truths - every.correct[45]
    wrong = sum(count for name, count in errors.items() if name != "missed")
    assert wrong == every.detections[45] - every.correct[45]
    assert sum(one.detections for one in analysis.calibration) == every.detections[0]
    rows = analysis.picture_errors()
    assert [row["file"] for row in rows] == [str(one.path) for one in truth.data_set.examples]
    assert {name: sum(row[name] for row in rows) for name in errors} == errors
    assert 0 not in errors.values()


def test_plain_values_are_json_and_hold_the_same():
    found, truth = hard_case(2)
    analysis = analysis_of(found, truth)
    content = analysis.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["thresholds"] == [i / 100 for i in range(101)]
    assert content["errors"] == analysis.errors
    assert content["confusion"] == analysis.confusion.tolist()
    assert content["pictures"] == analysis.picture_errors()
    every = content["curves"][-1]
    assert every["correct"] == analysis.curves[-1].correct.tolist()
    assert every["f1"] == pytest.approx(analysis.curves[-1].f1.tolist())
    assert len(json.dumps(content)) < 60_000, "single detections are in it"


@pytest.mark.parametrize("pictures", [0, 1])
def test_without_pictures_objects_and_detections(pictures):
    content = analysis_of(detections(), ground_truth(*[[]] * pictures)).to_dict()
    json.dumps(content, allow_nan=False)
    assert set(content["errors"].values()) == {0}
    assert len(content["pictures"]) == pictures
    assert content["curves"][-1]["best_threshold"] is None
