import numpy as np
import pytest

from darknet_torch.augment.truths import (
    CellRules,
    Motion,
    RowRules,
    label_problems,
    moved,
    training_labels,
)
from darknet_torch.datasets.model import Example, Labels
from darknet_torch.media.images import letterbox_placement
from tests.augment.plain import NOWHERE, correct_boxes, fill_truth_detection, fill_truth_region

MOTIONS = [
    Motion(),
    Motion(flip=True),
    Motion((2.0, 1.5), (0.3, -0.2)),
    Motion((0.5, 0.7), (-0.4, -0.1), flip=True),
    Motion((4.0, 4.0), (1.5, 1.5)),
]


def labels(seed=0, count=200):
    """Boxes of all kinds: inside, across the border, outside, of wrong classes, at the origin."""
    random = np.random.default_rng(seed)
    boxes = np.concatenate(
        (random.uniform(-0.2, 1.2, (count, 2)), random.exponential(0.1, (count, 2))), 1
    )
    boxes[::17, :2] = 0
    boxes[::13, 2:] = 1e-4
    return Labels.of(random.integers(-1, 5, count), boxes)


@pytest.mark.parametrize("motion", MOTIONS)
def test_boxes_move_and_are_clipped_as_in_c(motion):
    boxes = labels().boxes
    expected = correct_boxes(boxes, *motion.shift, *motion.scale, motion.flip)
    expected[(expected == NOWHERE).any(1)] = 0
    # Equal but for the order in which float32 numbers are added up.
    np.testing.assert_allclose(moved(boxes, motion), expected, atol=3e-7)


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("in_pixels", [True, False])
@pytest.mark.parametrize("most", [40, 500])
def test_rows_are_those_of_c(motion, in_pixels, most):
    given, order = labels(), np.random.default_rng(1).permutation(200)
    smallest = (1 / 320, 1 / 160) if in_pixels else (0.001, 0.001)
    corrected = correct_boxes(given.boxes[order], *motion.shift, *motion.scale, motion.flip)
    expected = fill_truth_detection(given.class_ids[order], corrected, most, 4, smallest)
    rules = RowRules(4, most, in_pixels)
    found = rules.filled(rules.rows(given, 0, order, motion, 160, 320))
    assert found.dtype == np.float32
    assert (expected[:, 0] > 0).sum() > 1
    np.testing.assert_allclose(found, expected, atol=3e-7)


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("smallest", [0.001, 0.005])
def test_cells_are_those_of_c(motion, smallest):
    given, order = labels(), np.random.default_rng(2).permutation(200)
    corrected = correct_boxes(given.boxes[order], *motion.shift, *motion.scale, motion.flip)
    expected = fill_truth_region(given.class_ids[order], corrected, 4, 7, smallest)
    found = CellRules(4, 7, smallest).cells(given, order, motion)
    # x and y are multiplied by 7.
    np.testing.assert_allclose(found, expected, atol=3e-6)


def test_the_smallest_box_is_a_pixel_of_the_input():
    given = Labels.of((0, 0), ((0.5, 0.5, 1.01 / 100, 0.1), (0.5, 0.5, 0.99 / 100, 0.1)))
    rows = RowRules(1, 10, True).rows(given, 0, np.arange(2), Motion(), 100, 100)
    assert len(rows) == 1


def test_boxes_beyond_the_most_are_left_out_before_any_is_dropped():
    given = Labels.of((9, 0, 0), ((0.5, 0.5, 0.1, 0.1),) * 3)
    assert len(RowRules(1, 2, True).rows(given, 0, np.arange(3), Motion(), 64, 64)) == 1


def test_tracks_tell_objects_apart_whatever_the_order():
    given = Labels.of((0, 0), ((0.2, 0.2, 0.1, 0.1), (0.8, 0.8, 0.1, 0.1)))
    rules = RowRules(1, 4, True, tracks=True)
    there = rules.rows(given, 3, np.array((0, 1)), Motion(), 64, 64)
    back = rules.rows(given, 3, np.array((1, 0)), Motion(), 64, 64)
    other = rules.rows(given, 4, np.array((0, 1)), Motion(), 64, 64)
    assert there.shape == (2, 6)
    np.testing.assert_array_equal(there, back[::-1])
    assert len({*there[:, 5], *other[:, 5]}) == 4


@pytest.mark.parametrize("size", [(50, 100), (100, 50), (64, 64)])
def test_a_letterbox_moves_boxes_as_detection_moves_them_back(size):
    placement = letterbox_placement(*size, 64, 96)
    boxes = np.array(((0.5, 0.5, 0.2, 0.4), (0.1, 0.9, 0.1, 0.1)))
    found = moved(boxes, Motion.of(placement))
    np.testing.assert_allclose(placement.to_picture(found), boxes, atol=1e-6)  # float32


def test_problems_of_labels_are_told_once_each(tmp_path):
    examples = [
        Example(tmp_path / "a.png", None, label_file=tmp_path / "a.txt"),
        Example(tmp_path / "b.png", Labels.of()),
        Example(tmp_path / "c.png", Labels.of((3, 0), ((0.5, 0.5, 0.1, 0.1), (2, 2, 0.1, 0.1)))),
    ]
    found = label_problems(examples, 3)
    assert [problem.kind for problem in found] == ["no label file", "unknown class", "box outside"]
    assert "class 3, but the network has 0..2" in found[1].what
    assert "2 2 0.1 0.1" in found[2].what


def test_difficult_boxes_are_not_learned(tmp_path):
    marked = Labels.of((0, 1), ((0.5, 0.5, 0.1, 0.1),) * 2, (True, False))
    kept = training_labels(Example(tmp_path / "a.png", marked))
    assert kept.class_ids.tolist() == [1]
