"""Pairs of detections and objects that overlap."""

import numpy as np
import pytest

from darknet_torch.evaluation import matching
from darknet_torch.evaluation.greedy_matching import coco_overlap, overlapping_pairs
from tests.evaluation.analysis_cases import hard_case


def test_the_size_of_the_blocks_changes_no_pair(monkeypatch):
    whole = overlapping_pairs(*hard_case(0))
    monkeypatch.setattr(matching, "_MOST_PAIRS", 7)
    blocks = overlapping_pairs(*hard_case(0))
    assert (blocks.detections == whole.detections).all()
    assert (blocks.objects == whole.objects).all()
    assert (blocks.overlaps == whole.overlaps).all()


def test_boxes_without_area_overlap_nothing():
    boxes = np.array([[0, 0, 0, 10], [0, 0, 10, 10.0]])
    others = np.array([[0, 0, 10, 10], [10, 0, 10, 10.0]])
    assert coco_overlap(boxes, others, np.array([True, False])).tolist() == [0, 0]


def test_a_difficult_object_is_compared_with_the_area_of_the_detection():
    boxes, others = np.array([[0, 0, 10, 10.0]] * 2), np.array([[5, 0, 100, 100.0]] * 2)
    overlaps = coco_overlap(boxes, others, np.array([True, False]))
    assert overlaps == pytest.approx([1 / 2, 50 / 10050])
