import numpy as np
import pytest

from darknet_torch.augment.truths import (
    BoxTransform,
    CellTruthEncoder,
    RowTruthEncoder,
    label_problems,
    training_labels,
    transform_boxes,
)
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.media.images import letterbox_size
from tests.augment.darknet_rules import (
    NOWHERE,
    correct_boxes,
    fill_truth_detection,
    fill_truth_region,
)

MOTIONS = [
    BoxTransform(),
    BoxTransform(flip=True),
    BoxTransform((2.0, 1.5), (0.3, -0.2)),
    BoxTransform((0.5, 0.7), (-0.4, -0.1), flip=True),
    BoxTransform((4.0, 4.0), (1.5, 1.5)),
]


def labels(seed=0, count=200):
    """Boxes of all kinds: inside, across the border, outside, of wrong classes, at the origin."""
    random = np.random.default_rng(seed)
    boxes = np.concatenate(
        (random.uniform(-0.2, 1.2, (count, 2)), random.exponential(0.1, (count, 2))), 1
    )
    boxes[::17, :2] = 0
    boxes[::13, 2:] = 1e-4
    return Labels.from_arrays(random.integers(-1, 5, count), boxes)


@pytest.mark.parametrize("transform", MOTIONS)
def test_boxes_move_and_are_clipped_as_in_c(transform):
    boxes = labels().boxes
    expected = correct_boxes(boxes, *transform.shift, *transform.scale, transform.flip)
    expected[(expected == NOWHERE).any(1)] = 0
    # Equal but for the order in which float32 numbers are added up.
    np.testing.assert_allclose(transform_boxes(boxes, transform), expected, atol=3e-7)


@pytest.mark.parametrize("transform", MOTIONS)
@pytest.mark.parametrize("in_pixels", [True, False])
@pytest.mark.parametrize("most", [40, 500])
def test_rows_are_those_of_c(transform, in_pixels, most):
    given, order = labels(), np.random.default_rng(1).permutation(200)
    smallest = (1 / 320, 1 / 160) if in_pixels else (0.001, 0.001)
    corrected = correct_boxes(
        given.boxes[order], *transform.shift, *transform.scale, transform.flip
    )
    expected = fill_truth_detection(given.class_ids[order], corrected, most, 4, smallest)
    rules = RowTruthEncoder(4, most, in_pixels)
    found = rules.filled(rules.rows(given, 0, order, transform, 160, 320))
    assert found.dtype == np.float32
    assert (expected[:, 0] > 0).sum() > 1
    np.testing.assert_allclose(found, expected, atol=3e-7)


@pytest.mark.parametrize("transform", MOTIONS)
@pytest.mark.parametrize("smallest", [0.001, 0.005])
def test_cells_are_those_of_c(transform, smallest):
    given, order = labels(), np.random.default_rng(2).permutation(200)
    corrected = correct_boxes(
        given.boxes[order], *transform.shift, *transform.scale, transform.flip
    )
    expected = fill_truth_region(given.class_ids[order], corrected, 4, 7, smallest)
    found = CellTruthEncoder(4, 7, smallest).cells(given, order, transform)
    # x and y are multiplied by 7.
    np.testing.assert_allclose(found, expected, atol=3e-6)


def test_the_smallest_box_is_a_pixel_of_the_input():
    given = Labels.from_arrays((0, 0), ((0.5, 0.5, 1.01 / 100, 0.1), (0.5, 0.5, 0.99 / 100, 0.1)))
    rows = RowTruthEncoder(1, 10, True).rows(given, 0, np.arange(2), BoxTransform(), 100, 100)
    assert len(rows) == 1


def test_boxes_beyond_the_most_are_left_out_before_any_is_dropped():
    given = Labels.from_arrays((9, 0, 0), ((0.5, 0.5, 0.1, 0.1),) * 3)
    assert (
        len(RowTruthEncoder(1, 2, True).rows(given, 0, np.arange(3), BoxTransform(), 64, 64)) == 1
    )


def test_tracks_tell_objects_apart_whatever_the_order():
    given = Labels.from_arrays((0, 0), ((0.2, 0.2, 0.1, 0.1), (0.8, 0.8, 0.1, 0.1)))
    rules = RowTruthEncoder(1, 4, True, tracks=True)
    there = rules.rows(given, 3, np.array((0, 1)), BoxTransform(), 64, 64)
    back = rules.rows(given, 3, np.array((1, 0)), BoxTransform(), 64, 64)
    other = rules.rows(given, 4, np.array((0, 1)), BoxTransform(), 64, 64)
    assert there.shape == (2, 6)
    np.testing.assert_array_equal(there, back[::-1])
    assert len({*there[:, 5], *other[:, 5]}) == 4


@pytest.mark.parametrize("size", [(50, 100), (100, 50), (64, 64)])
def test_a_letterbox_moves_boxes_as_detection_moves_them_back(size):
    placement = letterbox_size(*size, 64, 96)
    boxes = np.array(((0.5, 0.5, 0.2, 0.4), (0.1, 0.9, 0.1, 0.1)))
    found = transform_boxes(boxes, BoxTransform.from_placement(placement))
    np.testing.assert_allclose(placement.to_picture(found), boxes, atol=1e-6)  # float32


def test_problems_of_labels_are_told_once_each(tmp_path):
    examples = [
        Example(tmp_path / "a.png", None, label_file=tmp_path / "a.txt"),
        Example(tmp_path / "b.png", Labels.empty()),
        Example(
            tmp_path / "c.png",
            Labels.from_arrays((3, 0), ((0.5, 0.5, 0.1, 0.1), (2, 2, 0.1, 0.1))),
        ),
    ]
    found = label_problems(examples, 3)
    assert [problem.kind for problem in found] == ["no label file", "unknown class", "box outside"]
    assert "class 3, but the network has 0..2" in found[1].what
    assert "2 2 0.1 0.1" in found[2].what


def test_difficult_boxes_are_not_learned(tmp_path):
    marked = Labels.from_arrays((0, 1), ((0.5, 0.5, 0.1, 0.1),) * 2, (True, False))
    kept = training_labels(Example(tmp_path / "a.png", marked))
    assert kept.class_ids.tolist() == [1]
