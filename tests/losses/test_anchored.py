"""Which boxes of [yolo] are matched with which ground truths, and in which order."""

import pytest
import torch

from darknet_torch.losses.yolo import YoloLoss
from tests.losses.cases import COLUMNS, HEIGHT, ROWS, WIDTH, build, loss_context

ANCHORS = [(8, 8), (16, 16), (32, 32)]


def yolo_computation(rows, options="", mask="0,1,2"):
    """The loss of a [yolo] with three anchors for the truth rows of one picture.

    All predicted class scores and objectness values are 0.5.
    """
    anchors = ",".join(f"{width},{height}" for width, height in ANCHORS)
    count = len(mask.split(","))
    section = f"[yolo]\nanchors={anchors}\nnum=3\nclasses=2\nmask={mask}\n{options}"
    head = build(section, count * 7)
    output = head(torch.zeros(1, count * 7, ROWS, COLUMNS))
    return YoloLoss(head, output, torch.tensor(rows).reshape(1, -1, 5), loss_context(head), 4)


def row(column, line, size, class_id=0):
    """A truth row: a square of `size` pixels in the middle of a cell."""
    return [(column + 0.5) / COLUMNS, (line + 0.5) / ROWS, size / WIDTH, size / HEIGHT, class_id]


def match(computation):
    return computation.match(*computation.truths.cells(COLUMNS, ROWS))


@pytest.mark.parametrize(("size", "anchor"), [(7, 0), (15, 1), (40, 2)])
def test_a_truth_is_matched_with_the_anchor_of_the_nearest_shape(size, anchor):
    found = match(yolo_computation([row(3, 1, size)]))
    assert found.box_indices.tolist() == [(anchor * ROWS + 1) * COLUMNS + 3]
    assert found.anchors.tolist() == [list(ANCHORS[anchor])]
    assert (found.columns.item(), found.rows.item()) == (3, 1)
    assert found.fits_best.all()


def test_iou_thresh_matches_further_anchors_of_similar_shape():
    found = match(yolo_computation([row(0, 0, 15)], "iou_thresh=.2"))
    assert found.box_indices.tolist() == [anchor * ROWS * COLUMNS for anchor in (0, 1, 2)]
    assert found.fits_best.tolist() == [False, True, False]


def test_a_truth_whose_best_anchor_belongs_to_another_head_is_not_matched():
    found = match(yolo_computation([row(0, 0, 40), row(0, 0, 8)], mask="0,1"))
    assert found.box_indices.tolist() == [0]


def test_two_truths_of_one_box_give_it_both_classes():
    computation = yolo_computation([row(2, 2, 16, 0), row(2, 2, 16, 1)])
    found = match(computation)
    computation.assign_matched(found)
    first, second = found.box_indices.tolist()
    assert first == second
    objectness_and_classes = computation.delta[first, 4:]
    assert objectness_and_classes.tolist() == [0.5, 0.5, 0.5]
    assert computation.delta[:, 4:].any(1).sum() == 1


def test_a_truth_has_a_class_delta_away_from_other_classes():
    computation = yolo_computation([row(2, 2, 16, 1)])
    found = match(computation)
    computation.assign_matched(found)
    assert computation.delta[found.box_indices[0], 4:].tolist() == [0.5, -0.5, 0.5]


def test_box_deltas_are_divided_by_the_number_of_positive_class_deltas():
    computation = yolo_computation([])
    computation.delta[:2] = torch.tensor([2.0, 4, 6, 8, 1, 1, 1])
    computation.average_box_delta(torch.arange(len(computation.delta)) == 0)
    assert computation.delta[:2, :4].tolist() == [[1, 2, 3, 4], [2, 4, 6, 8]]


def test_a_box_above_ignore_thresh_has_no_objectness_delta():
    computation = yolo_computation([row(2, 2, 16)])
    best_iou, truth_index = computation.ignore_overlapping()
    ignored = best_iou > computation.options.ignore_thresh
    # A raw 0 predicts the anchor itself, in the middle of its cell.
    assert ignored.nonzero().flatten().tolist() == [(ROWS + 2) * COLUMNS + 2]
    assert torch.equal(computation.delta[:, 4], torch.where(ignored, 0.0, -0.5))
    assert truth_index.tolist() == [0] * len(best_iou)
