"""The confusion matrix: by hand, and its sums."""

import numpy as np
import pytest

from tests.evaluation.analysis_cases import (
    CAT,
    DOG,
    analysis_of,
    detections,
    ground_truth,
    hard_case,
)

BOX, OTHER = (0, 0, 40, 40), (50, 50, 90, 90)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("confidence", [0.1, 0.6])
def test_rows_sum_to_objects_and_columns_to_detections(seed, confidence):
    found, truth = hard_case(seed)
    analysis = analysis_of(found, truth, confidence=confidence)
    outcomes = analysis.outcomes
    objects = truth.truths.select(~truth.truths.difficult).count(3)
    shown = ~outcomes.are("ignored") & (found.scores > np.float32(confidence))
    assert analysis.confusion[:-1].sum(1).tolist() == objects.tolist()
    assert analysis.confusion[:, :-1].sum(0).tolist() == (
        np.bincount(found.class_ids[shown], minlength=3).tolist()
    )
    assert analysis.confusion[-1, -1] == 0
    correct = shown & outcomes.are("correct")
    assert np.trace(analysis.confusion) == correct.sum() > 0


def test_a_wrong_class_takes_the_object_that_no_detection_found():
    truth = ground_truth([(CAT, BOX), (CAT, OTHER), (DOG, (0, 60, 20, 80))])
    found = detections(
        (0, CAT, BOX, 0.3),
        (0, DOG, BOX, 0.9),  # the cat is found
        (0, DOG, OTHER, 0.5),  # takes the other cat
        (0, 2, OTHER, 0.4),  # too late for it
    )
    confusion = analysis_of(found, truth).confusion
    assert confusion.tolist() == [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 0]]
    # Without the detection of score .3, the dog at .9 takes the first cat.
    confusion = analysis_of(found, truth, confidence=0.35).confusion
    assert confusion.tolist() == [[0, 2, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]


def test_difficult_objects_are_in_no_row():
    confusion = analysis_of(
        detections((0, DOG, BOX, 0.9)), ground_truth([(CAT, BOX, True)])
    ).confusion
    assert confusion.tolist() == [[0] * 4, [0] * 4, [0] * 4, [0, 1, 0, 0]]
