"""Counts over the threshold, the best threshold, and COCO's precision over recall."""

import numpy as np
import pytest

from darknet_torch.evaluation.threshold_curves import ALL, THRESHOLDS
from tests.evaluation.analysis_cases import (
    CAT,
    DOG,
    analysis_of,
    coco_evaluator,
    detections,
    ground_truth,
    hard_case,
)

BOX, OTHER = (0, 0, 40, 40), (50, 50, 90, 90)


@pytest.mark.parametrize("seed", range(3))
def test_precision_at_recall_is_that_of_pycocotools(seed):
    found, truth = hard_case(seed)
    curves = analysis_of(found, truth).curves
    expected = coco_evaluator(found, truth).eval["precision"][0, :, :, 0, -1]
    for curve, column in zip(curves[:-1], expected.T, strict=True):
        if curve.precision_at_recall is None:
            assert (column == -1).all()
        else:
            # pycocotools adds the spacing of 1 to the number of detections.
            assert curve.precision_at_recall == pytest.approx(column, abs=1e-12)
            assert 0.05 < column.mean() < 0.95
    means = [one.precision_at_recall for one in curves[:2]]
    assert curves[-1].precision_at_recall == pytest.approx(np.mean(means, 0))


def test_recalls_are_rounded_as_in_pycocotools():
    # 35 of 100 objects are less than COCO's recall .35, whose last digit is rounded up.
    truth = ground_truth(*[[(CAT, BOX)]] * 100)
    right = [(i, CAT, BOX, 0.9) for i in range(35)] + [(i, CAT, BOX, 0.3) for i in range(35, 60)]
    found = detections(*right, *((i, CAT, OTHER, 0.5) for i in range(30)))
    precision = analysis_of(found, truth).curves[CAT].precision_at_recall
    expected = coco_evaluator(found, truth).eval["precision"][0, :, CAT, 0, -1]
    assert precision == pytest.approx(expected, abs=1e-12)
    assert precision[34:37] == pytest.approx([1, 60 / 90, 60 / 90])


@pytest.mark.parametrize("seed", range(3))
def test_counts_fall_with_the_threshold_and_are_those_of_each_threshold(seed):
    found, truth = hard_case(seed)
    analysis = analysis_of(found, truth)
    outcomes = analysis.outcomes
    for class_id, curve in enumerate(analysis.curves):
        rows = ~outcomes.are("ignored")
        if curve.name != ALL:
            rows &= found.class_ids == class_id
        assert (np.diff(curve.detections) <= 0).all()
        assert (np.diff(curve.correct) <= 0).all()
        assert (curve.correct <= np.minimum(curve.detections, curve.truths)).all()
        for place in (0, 30, 77):
            shown = rows & (found.scores > np.float32(place / 100))
            assert curve.detections[place] == shown.sum()
            assert curve.correct[place] == (shown & outcomes.are("correct")).sum()


def test_scores_equal_to_a_threshold_are_not_above_it():
    found = detections(*((0, CAT, BOX, i / 100) for i in range(1, 101)))
    curve = analysis_of(found, ground_truth([])).curves[CAT]
    assert curve.detections.tolist() == list(range(100, -1, -1))
    assert curve.thresholds.dtype == np.float32
    assert (curve.thresholds == THRESHOLDS).all()


def test_ratios_and_the_best_threshold_by_hand():
    found = detections(
        (0, CAT, BOX, 0.9), (0, CAT, (50, 0, 60, 9), 0.7), (0, CAT, OTHER, 0.5), (0, DOG, BOX, 0.3)
    )
    cats, dogs, _, every = analysis_of(found, ground_truth([(CAT, BOX), (CAT, OTHER)])).curves
    # Above .7 F1 is 2 of 3, up to .49 it is 4 of 5.
    assert cats.best_threshold == 0
    assert cats.f1[[0, 60, 80, 95]] == pytest.approx([4 / 5, 1 / 2, 2 / 3, 0])
    assert cats.precision[[0, 60, 80]] == pytest.approx([2 / 3, 1 / 2, 1])
    assert np.isnan(cats.precision[95])
    assert cats.recall[[0, 60, 95]] == pytest.approx([1, 1 / 2, 0])
    assert dogs.best_threshold is None
    assert dogs.f1[0] == 0
    assert np.isnan(dogs.f1[40])
    assert np.isnan(dogs.recall).all()
    # With the dog, below .3 there are 4 detections, F1 4 of 6.
    assert every.best_threshold == 0.3
    assert every.truths == 2


def test_no_best_threshold_lies_where_detections_are_unknown():
    found = detections((0, CAT, BOX, 0.9))
    curves = analysis_of(found, ground_truth([(CAT, BOX)]), min_score=0.345).curves
    assert curves[CAT].best_threshold == curves[-1].best_threshold == 0.35


def test_plain_values_have_none_for_ratios_without_value():
    content = analysis_of(detections((0, CAT, BOX, 0.5)), ground_truth([])).curves[CAT].to_dict()
    assert content["precision"] == [0] * 50 + [None] * 51
    assert content["recall"] == [None] * 101
    assert (content["ap_50"], content["precision_at_recall"]) == (None, None)
    assert content["detections"] == [1] * 50 + [0] * 51
