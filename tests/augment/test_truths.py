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
from darknet_torch.media.images import letterbox_placement
from tests.augment.darknet_rules import (
    NOWHERE,
    correct_boxes,
    fill_truth_detection,
    fill_truth_region,
)

TRANSFORMS = [
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


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_boxes_are_transformed_and_clipped_as_in_c(transform):
    boxes = labels().boxes
    expected = correct_boxes(boxes, *transform.shift, *transform.scale, transform.flip)
    expected[(expected == NOWHERE).any(1)] = 0
    # Equal but for the order in which float32 numbers are added up.
    np.testing.assert_allclose(transform_boxes(boxes, transform), expected, atol=3e-7)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("in_pixels", [True, False])
@pytest.mark.parametrize("most", [40, 500])
def test_truth_rows_match_c(transform, in_pixels, most):
    given, order = labels(), np.random.default_rng(1).permutation(200)
    smallest = (1 / 320, 1 / 160) if in_pixels else (0.001, 0.001)
    corrected = correct_boxes(
        given.boxes[order], *transform.shift, *transform.scale, transform.flip
    )
    expected = fill_truth_detection(given.class_ids[order], corrected, most, 4, smallest)
    encoder = RowTruthEncoder(4, most, in_pixels)
    found = encoder.pad(encoder.encode(given, 0, order, transform, 160, 320))
    assert found.dtype == np.float32
    assert (expected[:, 0] > 0).sum() > 1
    np.testing.assert_allclose(found, expected, atol=3e-7)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("smallest", [0.001, 0.005])
def test_truth_cells_match_c(transform, smallest):
    given, order = labels(), np.random.default_rng(2).permutation(200)
    corrected = correct_boxes(
        given.boxes[order], *transform.shift, *transform.scale, transform.flip
    )
    expected = fill_truth_region(given.class_ids[order], corrected, 4, 7, smallest)
    found = CellTruthEncoder(4, 7, smallest).encode(given, order, transform)
    # x and y are multiplied by 7.
    np.testing.assert_allclose(found, expected, atol=3e-6)


def test_boxes_smaller_than_a_pixel_are_dropped():
    given = Labels.from_arrays((0, 0), ((0.5, 0.5, 1.01 / 100, 0.1), (0.5, 0.5, 0.99 / 100, 0.1)))
    rows = RowTruthEncoder(1, 10, True).encode(given, 0, np.arange(2), BoxTransform(), 100, 100)
    assert len(rows) == 1


def test_boxes_beyond_max_truths_are_left_out_before_others_are_dropped():
    given = Labels.from_arrays((9, 0, 0), ((0.5, 0.5, 0.1, 0.1),) * 3)
    assert (
        len(RowTruthEncoder(1, 2, True).encode(given, 0, np.arange(3), BoxTransform(), 64, 64))
        == 1
    )


def test_track_ids_do_not_depend_on_the_order():
    given = Labels.from_arrays((0, 0), ((0.2, 0.2, 0.1, 0.1), (0.8, 0.8, 0.1, 0.1)))
    encoder = RowTruthEncoder(1, 4, True, tracks=True)
    there = encoder.encode(given, 3, np.array((0, 1)), BoxTransform(), 64, 64)
    back = encoder.encode(given, 3, np.array((1, 0)), BoxTransform(), 64, 64)
    other = encoder.encode(given, 4, np.array((0, 1)), BoxTransform(), 64, 64)
    assert there.shape == (2, 6)
    np.testing.assert_array_equal(there, back[::-1])
    assert len({*there[:, 5], *other[:, 5]}) == 4


@pytest.mark.parametrize("size", [(50, 100), (100, 50), (64, 64)])
def test_a_letterbox_transform_is_the_inverse_of_that_of_detection(size):
    placement = letterbox_placement(*size, 64, 96)
    boxes = np.array(((0.5, 0.5, 0.2, 0.4), (0.1, 0.9, 0.1, 0.1)))
    found = transform_boxes(boxes, BoxTransform.from_placement(placement))
    np.testing.assert_allclose(placement.to_picture(found), boxes, atol=1e-6)  # float32


def test_label_problems_are_reported(tmp_path):
    examples = [
        Example(tmp_path / "a.png", None, label_file=tmp_path / "a.txt"),
        Example(tmp_path / "b.png", Labels.empty()),
        Example(
            tmp_path / "c.png",
            Labels.from_arrays((3, 0), ((0.5, 0.5, 0.1, 0.1), (2, 2, 0.1, 0.1))),
        ),
    ]
    found = label_problems(examples, 3)
    assert [problem.kind for problem in found] == ["no label file", "class id", "box outside"]
    assert (found[1].expected, found[1].got) == ("a class from 0 to 2", "class 3, 0.5 0.5 0.1 0.1")
    assert found[2].got == "class 0, 2 2 0.1 0.1"


def test_difficult_boxes_are_not_trained_on(tmp_path):
    marked = Labels.from_arrays((0, 1), ((0.5, 0.5, 0.1, 0.1),) * 2, (True, False))
    kept = training_labels(Example(tmp_path / "a.png", marked), 2)
    assert kept.class_ids.tolist() == [1]


def test_wrong_boxes_keep_their_place_but_become_no_truth(tmp_path):
    boxes = ((40, 40, 80, 80), (0.5, 0.5, 0.1, 0.1), (0.5, 0.5, 0.1, 0.1))
    kept = training_labels(Example(tmp_path / "a.png", Labels.from_arrays((0, 1, 2), boxes)), 2)
    assert kept.boxes.tolist() == [[0] * 4, [0.5, 0.5, 0.1, 0.1], [0] * 4]
