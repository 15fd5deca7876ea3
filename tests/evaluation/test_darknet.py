"""Darknet's map compared with a plain loop over detections, and its lines."""

import dataclasses

import numpy as np
import pytest

from darknet_torch.evaluation.darknet import match, paired_iou
from darknet_torch.evaluation.records import DetectionTable, TruthTable
from tests.evaluation import plain_loops

ROUNDING = 1e-9  # doubles are summed in another order


@pytest.mark.parametrize("points", [0, 11, 101])
@pytest.mark.parametrize("limit", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("seed", range(3))
def test_the_result_equals_that_of_a_plain_loop(seed, limit, points):
    found, ground_truth = plain_loops.random_case(seed)
    matching = match(found, ground_truth.truths, len(plain_loops.NAMES), limit)
    result = matching.result(plain_loops.NAMES, points=points, confidence=0.4)
    aps, counts, overlap = plain_loops.darknet_map(
        found, ground_truth.truths, len(plain_loops.NAMES), limit, 0.4, points
    )
    assert result.aps == pytest.approx(aps, abs=ROUNDING)
    assert [[one.tp, one.fp] for one in result.counts] == counts
    assert result.total.average_iou == pytest.approx(overlap, abs=1e-6)  # C adds float32
    assert result.truths == sum(~ground_truth.truths.difficult)
    assert max(aps[:2]) > 0.1, "the case has too few right detections"


def boxes(*rows):
    """(class, score, centre x) as boxes 0.25 wide in the middle of picture 0."""
    kinds, scores, xs = (np.array(column) for column in zip(*rows, strict=True))
    box = np.stack((xs, *np.full((3, len(xs)), [[0.5], [0.25], [0.25]])), 1)
    return DetectionTable(np.zeros(len(xs), np.int64), kinds, np.float32(box), np.float32(scores))


ONE = TruthTable(
    np.array([0]), np.array([0]), np.array([[0.5, 0.5, 0.25, 0.25]]), np.array([False])
)
DIFFICULT = dataclasses.replace(ONE, difficult=np.array([True]))


def test_an_object_matched_below_the_confidence_makes_the_next_detection_wrong():
    found = boxes((0, 0.1, 0.5), (0, 0.9, 0.5))
    (counts,) = match(found, ONE, 1, 0.5).counts(0.25)
    assert (counts.tp, counts.fp, counts.fn) == (0, 1, 1)
    # On the curve, detections are sorted by score instead.
    assert match(found, ONE, 1, 0.5).result(["cat"]).aps == (1.0,)


def test_a_detection_of_a_difficult_object_is_not_on_the_curve_but_counts_as_wrong():
    result = match(boxes((0, 0.9, 0.5)), DIFFICULT, 1, 0.5).result(["cat"])
    assert (result.detections, result.truths) == (0, 0)
    assert (result.counts[0].tp, result.counts[0].fp) == (0, 1)


def test_an_overlap_equal_to_the_threshold_is_not_enough():
    exactly = boxes((0, 0.9, 0.5))
    assert match(exactly, ONE, 1, 1.0).result(["cat"]).aps == (0.0,)
    assert match(exactly, ONE, 1, 0.99).result(["cat"]).aps == (1.0,)


def test_no_detections_print_as_in_c():
    nothing = boxes((0, 0.9, 0.5)).select(np.zeros(0, int))
    lines = match(nothing, ONE, 2, 0.5).result(["cat", "dog"]).lines()
    assert lines == [
        " detections_count = 0, unique_truth_count = 1  ",
        "class_id = 0, name = cat, ap = 0.00%   \t (TP = 0, FP = 0) ",
        "class_id = 1, name = dog, ap = 0.00%   \t (TP = 0, FP = 0) ",
        "",
        " for conf_thresh = 0.25, precision = nan, recall = 0.00, F1-score = nan ",
        " for conf_thresh = 0.25, TP = 0, FP = 0, FN = 1, average IoU = 0.00 % ",
        "",
        " IoU threshold = 50 %, used Area-Under-Curve for each unique Recall ",
        " mean average precision (mAP@0.50) = 0.000000, or 0.00 % ",
    ]


def test_the_number_of_points_is_printed():
    result = match(boxes((0, 0.9, 0.5)), ONE, 1, 0.5).result(["cat"], points=11)
    assert result.lines()[-2] == " IoU threshold = 50 %, used 11 Recall-points "


def test_boxes_that_only_touch_do_not_overlap():
    touching = np.array([[0.5, 0.5, 0.2, 0.2]]), np.array([[0.7, 0.5, 0.2, 0.2]])
    assert paired_iou(*touching) == pytest.approx([0], abs=1e-12)
    assert paired_iou(touching[0], touching[0]) == pytest.approx([1])


@pytest.mark.filterwarnings("error")
def test_boxes_whose_area_is_too_large_for_a_float_overlap_with_nothing():
    """As an untrained network finds them."""
    huge = np.array([[0.5, 0.5, 1e30, 1e30]], np.float32)
    assert paired_iou(huge, np.array([[0.5, 0.5, 0.1, 0.1]], np.float32)) == 0
