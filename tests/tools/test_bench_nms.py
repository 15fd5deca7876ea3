"""The random boxes of the NMS benchmark; its peer is the reference of the tests of NMS."""

import numpy as np

from tools.bench_nms import one_by_one, random_candidates


def test_boxes_are_candidates_for_one_to_three_classes():
    boxes, scores = random_candidates(300)
    assert (boxes.shape, scores.shape) == ((300, 4), (300, 80))
    counts = np.count_nonzero(scores, 1)
    assert (counts.min(), counts.max()) == (1, 3)


def test_some_boxes_are_dropped():
    boxes, scores = random_candidates(80, most=80)
    kept = one_by_one(boxes, scores, np.zeros(80, int), 0.45)
    assert 0 < np.count_nonzero(kept) < np.count_nonzero(scores)
