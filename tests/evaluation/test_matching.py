"""Matching detections with ground truth objects."""

import numpy as np

from darknet_torch.evaluation.matching import NONE, best_truths, first_matches
from darknet_torch.evaluation.records import DetectionTable, TruthTable


def test_a_detection_is_matched_with_the_object_of_its_class_and_picture_it_overlaps_most():
    detections = DetectionTable(
        np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2]), np.zeros((4, 4)), np.ones(4)
    )
    truths = TruthTable(
        np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 0, 0]), np.zeros((5, 4)), np.zeros(5, bool)
    )
    overlaps = np.array([0.2, 0.6, 0.3, 0.5, 0.5])

    def overlap_of_truth(_, truth_boxes):
        return overlaps[truth_boxes.astype(int)]

    found = best_truths(np.zeros(4), np.arange(5), detections, truths, overlap_of_truth)
    # The first of the two equal overlaps in picture 1 counts; no object has class 2.
    assert found.truths.tolist() == [1, 2, 3, NONE]
    assert found.overlaps.tolist() == [0.6, 0.3, 0.5, 0]


def test_only_the_first_detection_of_an_object_is_a_first_match():
    matched = np.array([3, NONE, 3, 0, NONE, 0])
    assert first_matches(matched).tolist() == [True, False, False, True, False, False]
