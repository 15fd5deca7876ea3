"""Colours, drawn boxes and the suppression of darknet.py itself."""

import random

import numpy as np

from darknet_torch.compat import darknet


def test_the_lowest_of_overlapping_boxes_remains():
    detections = [(0, 0, 0, (x, y, 20, 20)) for x, y in ((10, 10), (12, 12), (40, 40))]
    kept = darknet.non_max_suppression_fast(detections, 0.3)
    assert kept == [detections[2], detections[1]]


def test_no_boxes_give_no_boxes():
    assert darknet.non_max_suppression_fast([], 0.3) == []


def test_boxes_are_drawn_in_colours_that_the_seed_repeats():
    random.seed(3)
    colors = darknet.class_colors(["cat", "dog"])
    random.seed(3)
    assert darknet.class_colors(["cat", "dog"]) == colors
    image = np.zeros((60, 60, 3), np.uint8)
    drawn = darknet.draw_boxes([("cat", "98.2", (30.2, 35.1, 20, 10))], image, colors)
    assert drawn is image
    assert tuple(drawn[30, 25]) == colors["cat"]
    assert darknet.bbox2points((30.2, 35.1, 20, 10)) == (20, 30, 40, 40)
