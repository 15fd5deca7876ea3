"""Lines of text on an evaluation."""

from darknet_torch.evaluation.report import error_lines, percent, table
from tests.evaluation.analysis_cases import CAT, DOG, analysis_of, detections, ground_truth


def test_columns_are_aligned_with_the_first_one_left():
    assert table([["class", "AP"], ["a", "12.50"]]) == ["class     AP", "a      12.50"]


def test_values_are_in_per_cent_with_two_digits_and_missing_ones_a_dash():
    assert [percent(value) for value in (0.125, None, float("nan"))] == ["12.50", "-", "-"]


def test_errors_are_counted_by_kind_with_the_best_threshold():
    box, other = (0, 0, 40, 40), (50, 50, 90, 90)
    truth = ground_truth([(CAT, box), (CAT, other)])
    found = detections((0, CAT, box, 0.9), (0, DOG, box, 0.8), (0, CAT, box, 0.7))
    assert error_lines(analysis_of(found, truth, confidence=0.75)) == [
        "By COCO's matching at IoU 0.5, at confidence 0.75:",
        "objects: 1 found, 1 missed",
        "wrong detections: 1 (class 1, place 0, duplicate 0, false 0)",
        "best threshold: 0.80 (F1 66.67, precision 100.00, recall 50.00)",
    ]
    assert error_lines(analysis_of(found, ground_truth([])))[-1] == (
        "best threshold: none, since no detection is correct"
    )
