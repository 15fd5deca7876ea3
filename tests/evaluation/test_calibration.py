"""Scores compared with the fraction of correct detections."""

import pytest

from tests.evaluation.analysis_cases import CAT, DOG, analysis_of, detections, ground_truth

BOX, OTHER = (0, 0, 40, 40), (50, 50, 90, 90)


def test_each_score_is_in_the_bin_that_it_ends():
    found = detections(*((0, CAT, BOX, i / 10) for i in range(1, 11)))
    bins = analysis_of(found, ground_truth([])).calibration
    assert [one.detections for one in bins] == [1] * 10
    assert [one.mean_score for one in bins] == pytest.approx([one.high for one in bins])
    assert [one.low for one in bins] == pytest.approx([i / 10 for i in range(10)])


def test_the_error_is_the_distance_weighted_by_detections_without_ignored_ones():
    truth = ground_truth([(CAT, BOX), (DOG, OTHER, True)])
    found = detections(
        (0, CAT, BOX, 0.98),
        (0, CAT, BOX, 0.92),
        (0, CAT, OTHER, 0.11),
        (0, DOG, OTHER, 0.6),  # ignored
    )
    analysis = analysis_of(found, truth)
    last = analysis.calibration[-1]
    assert (last.detections, last.fraction_correct) == (2, 0.5)
    assert last.mean_score == pytest.approx(0.95)
    assert analysis.calibration[5].mean_score is None
    assert analysis.expected_calibration_error == pytest.approx((2 * 0.45 + 0.11) / 3)


def test_without_detections_there_is_no_error():
    assert analysis_of(detections(), ground_truth([])).expected_calibration_error is None
