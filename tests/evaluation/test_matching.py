"""Matching detections with ground truth objects."""

import numpy as np
import pytest

from darknet_torch.evaluation import matching
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


@pytest.mark.parametrize("most", [1, 7, 40])
def test_few_pairs_have_memory_at_once_and_the_matches_stay_the_same(most, monkeypatch):
    random = np.random.default_rng(0)
    detections = DetectionTable(
        np.arange(30) // 5, random.integers(0, 3, 30), np.zeros((30, 4)), np.ones(30)
    )
    truths = TruthTable(
        np.arange(40) // 7, random.integers(0, 3, 40), np.zeros((40, 4)), np.zeros(40, bool)
    )
    sizes = []

    def overlap(boxes, others):
        sizes.append(len(boxes))
        return np.abs(np.sin(boxes * 31 + others))

    whole = best_truths(np.arange(30), np.arange(40), detections, truths, overlap)
    pairs = sizes.pop()
    monkeypatch.setattr(matching, "_MOST_PAIRS", most)
    parts = best_truths(np.arange(30), np.arange(40), detections, truths, overlap)
    assert sum(sizes) == pairs > 40
    assert max(sizes) < most + 7
    assert parts.truths.tolist() == whole.truths.tolist()
    assert parts.overlaps.tolist() == whole.overlaps.tolist()


def test_only_the_first_detection_of_an_object_is_a_first_match():
    matched = np.array([3, NONE, 3, 0, NONE, 0])
    assert first_matches(matched).tolist() == [True, False, False, True, False, False]
