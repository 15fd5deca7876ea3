"""Recall of proposals as Darknet counts it."""

import numpy as np

from darknet_torch.datasets.examples import Labels
from darknet_torch.evaluation.recall import running_recalls

HALF = [0.25, 0.5, 0.5, 1.0]  # the left half of a picture
QUARTER = [0.25, 0.25, 0.5, 0.5]  # overlaps it by one half
ELSEWHERE = [0.75, 0.5, 0.5, 1.0]


def test_an_object_is_found_if_any_box_overlaps_it_by_more_than_the_threshold():
    proposals = [np.array([QUARTER, ELSEWHERE]), np.array([HALF]), np.zeros((0, 4))]
    labels = [Labels.from_arrays([1, 0], [HALF, ELSEWHERE]), None, Labels.from_arrays([0], [HALF])]
    lines = [counts.line() for counts in running_recalls(proposals, labels, iou=0.5)]
    assert lines == [
        "    0     1     2\tRPs/Img: 2.00\tIOU: 75.00%\tRecall:50.00%",
        "    1     1     2\tRPs/Img: 1.50\tIOU: 75.00%\tRecall:50.00%",
        "    2     1     3\tRPs/Img: 1.00\tIOU: 50.00%\tRecall:33.33%",
    ]
    below = list(running_recalls(proposals, labels, iou=0.49))
    assert below[-1].correct == 2
