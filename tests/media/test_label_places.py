"""The places of labels."""

import numpy as np
import pytest

from darknet_torch.media.label_places import place_labels

SIZE = (30, 10)
CANVAS = (200, 300)


def place(*boxes, canvas=CANVAS):
    return place_labels(boxes, [SIZE] * len(boxes), canvas)


def test_a_label_goes_above_its_box_then_inside_then_below():
    box = (50, 50, 150, 150)
    assert place(box, box, box) == [(50, 40), (50, 50), (50, 151)]


def test_a_label_without_room_above_goes_inside():
    assert place((50, 4, 150, 150)) == [(50, 4)]


def test_a_label_without_room_above_and_inside_goes_below():
    tall = (50, 0, 79, 60)
    assert place(tall, tall) == [(50, 0), (50, 61)]


def test_a_label_is_moved_into_the_picture():
    assert place((290, 50, 299, 80)) == [(270, 40)]


@pytest.mark.parametrize("canvas", [(9, 300), (200, 29)])
def test_a_label_that_is_larger_than_the_picture_is_left_out(canvas):
    assert place((0, 0, 5, 5), canvas=canvas) == [None]


def test_the_last_ones_are_left_out_where_no_place_is_free():
    places = place(*[(100, 100, 140, 120)] * 100)
    assert None in places
    first = places.index(None)
    assert first > 5
    assert all(found is None for found in places[first:])


def test_after_a_thousand_labels_without_a_place_no_more_are_looked_for():
    inside, full = (0, 0, 9, 9), (90, 90, 99, 99)
    boxes = [full] * 1000 + [inside]
    sizes = [(101, 9)] * 1000 + [(10, 10)]  # these are too wide
    assert place_labels(boxes[1:], sizes[1:], (100, 100))[-1] == (0, 0)
    assert place_labels(boxes, sizes, (100, 100))[-1] is None


@pytest.mark.parametrize("seed", range(8))
def test_labels_are_apart_inside_and_near_their_boxes(seed):
    random = np.random.default_rng(seed)
    height, width = random.integers(20, 400, 2).tolist()
    corners = np.sort(random.integers(0, (width, height), (60, 2, 2)), 1)
    boxes = [[*one[0], *one[1]] for one in corners.tolist()]
    sizes = [(int(w), 12) for w in random.integers(5, 80, 60)]
    places = place_labels(boxes, sizes, (height, width))
    assert places == place_labels(boxes, sizes, (height, width))
    used = np.zeros((height, width), int)
    for found, (w, h), box in zip(places, sizes, boxes, strict=True):
        if found is None:
            continue
        left, top = found
        assert 0 <= left <= width - w and 0 <= top <= height - h
        used[top : top + h, left : left + w] += 1
        assert box[1] - 4 * h <= top <= box[3] + 1 + 3 * h
        assert box[0] - w <= left <= box[2] + 1
    assert used.max() == 1
