"""Assignment of truths to boxes for the classic losses."""

import numpy as np
import pytest

from darknet_torch.targets.classic import SHAPE_MEASURES, ClassicAssigner

INPUT, MAP = (64, 96), (4, 6)
ANCHORS = ((8, 8), (16, 16), (32, 32), (8, 32))


def assigned(rows, measure="shape-iou", bound=None, box_of_anchor=(0, 1, 2, -1), **more):
    fields = {"in_cells": False, "counters_per_class": (), "max_delta": 1.0, **more}
    assigner = ClassicAssigner(
        *(INPUT, MAP, None, 3),
        anchors=fields.pop("anchors", ANCHORS),
        box_of_anchor=box_of_anchor,
        measure=measure,
        bound=bound,
        **fields,
    )
    return assigner.assign(np.array([rows], np.float32), INPUT, MAP)


def row(width, height, class_id=0, x=0.5, y=0.5):
    return [x, y, width / 96, height / 64, class_id]


def boxes(found):
    return found.at[1].tolist()


def test_the_best_anchor_gets_a_truth():
    found = assigned([row(15, 18), row(30, 30, 2, x=0.1, y=0.9)])
    assert boxes(found) == [1, 2]
    assert (found.at[2].tolist(), found.at[3].tolist()) == ([2, 3], [3, 0])
    assert found.class_ids.tolist() == [0, 2]
    assert found.cells.tolist() == [[3, 2], [0, 3]]
    np.testing.assert_allclose(found.anchors * (96, 64), [[16, 16], [32, 32]], rtol=1e-6)
    np.testing.assert_allclose(found.shape_ious[0], 15 * 16 / (256 + 270 - 240), rtol=1e-5)


def test_an_anchor_of_another_head_takes_the_truth_away():
    found = assigned([row(8, 31), row(8, 8)])
    assert boxes(found) == [0]
    assert (found.assigned, found.pairs) == (2, 1)


def test_ratio_and_iou_prefer_different_anchors():
    anchors = ((16, 16), (24, 90))
    truth = [row(30, 30)]  # IoU .28 and .34, ratio 1.9 and 3
    assert boxes(assigned(truth, "shape-iou", anchors=anchors, box_of_anchor=(0, 1))) == [1]
    assert boxes(assigned(truth, "shape-ratio", anchors=anchors, box_of_anchor=(0, 1))) == [0]


@pytest.mark.parametrize(
    ("measure", "bound", "expected"),
    [
        ("shape-iou", 0.2, [0, 1, 2]),  # .25, 1, .25
        ("shape-iou", 0.3, [1]),
        ("shape-ratio", 1 / 2.5, [0, 1, 2]),  # each side differs by a factor of 2
        ("shape-ratio", 1 / 1.9, [1]),
    ],
)
def test_anchors_beyond_the_bound_get_the_truth_too(measure, bound, expected):
    assert boxes(assigned([row(16, 16)], measure, bound)) == expected


def test_a_truth_beyond_each_bound_keeps_the_best_box():
    assert boxes(assigned([row(90, 4)], "shape-ratio", 1 / 4)) == [1]


def test_without_a_measure_each_truth_is_paired_with_all_boxes_of_the_head():
    found = assigned([row(8, 31), row(8, 8)], None)
    assert boxes(found) == [0, 1, 2, 0, 1, 2]
    assert (found.assigned, found.pairs) == (2, 6)


def test_anchors_in_cells_are_those_of_the_map():
    found = assigned([row(16, 16)], in_cells=True, anchors=((1, 1), (2, 2)), box_of_anchor=(0, 1))
    assert boxes(found) == [0]


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (-5, 10), (float("nan"), 4)])
def test_truths_of_no_size_and_of_unknown_classes_are_left_out(size):
    found = assigned([row(*size), row(10, 10, 3), row(16, 16, 1)])
    assert found.class_ids.tolist() == [1]
    assert found.truth_boxes[0, :2].tolist() == [[0] * 4] * 2


def test_rare_classes_weigh_more():
    found = assigned([row(16, 16, k) for k in range(3)], counters_per_class=(100, 50, 1),
                     max_delta=5.0)  # fmt: skip
    assert found.weights.tolist() == [1, 2, 5]


def test_no_truths():
    found = assigned([[0] * 5])
    assert (found.truths, found.assigned, found.pairs) == (0, 0, 0)
    assert found.paired_boxes.shape == (0, 4)


@pytest.mark.parametrize("measure", sorted(SHAPE_MEASURES))
def test_equal_shapes_have_the_measure_1(measure):
    shape = np.array([[3, 7]], np.float32)
    assert SHAPE_MEASURES[measure](shape, shape) == 1
