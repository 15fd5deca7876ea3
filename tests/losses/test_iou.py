"""IoU, GIoU, DIoU and CIoU and their gradients, compared with box.c's arithmetic."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.losses.iou import best_truth, giou, iou, iou_gradient, largest_iou
from darknet_torch.ops.arithmetic import FAST, CArithmetic
from tests.losses import reference_boxes

IOU_FUNCTIONS = {"iou": iou, "giou": giou}
KINDS = ["ciou", "diou", "giou", "iou"]


def pairs(seed, count=60):
    """Two times [count, 4] boxes: a third disjoint or crossing, a third inside, a third around."""
    random = np.random.default_rng(seed)
    first = np.concatenate(
        (random.uniform(0, 1, (count, 2)), random.uniform(0.02, 0.5, (count, 2))), 1
    )
    second = np.concatenate(
        (random.uniform(0, 1, (count, 2)), random.uniform(0.02, 0.5, (count, 2))), 1
    )
    third = count // 3
    second[third:, :2] = first[third:, :2] + random.normal(0, 0.01, (count - third, 2))
    second[third : 2 * third, 2:] = first[third : 2 * third, 2:] * 0.4
    second[2 * third :, 2:] = first[2 * third :, 2:] * 2.5
    return first.astype(np.float32), second.astype(np.float32)


@pytest.mark.parametrize("kind", sorted(IOU_FUNCTIONS))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_kind_of_iou_equals_the_reference(kind, seed):
    first, second = pairs(seed)
    expected = [
        reference_boxes.IOU_FUNCTIONS[kind](reference_boxes.box(a), reference_boxes.box(b))
        for a, b in zip(first, second, strict=True)
    ]
    found = IOU_FUNCTIONS[kind](torch.from_numpy(first), torch.from_numpy(second))
    # A few roundings of float32, of values up to 2.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("arithmetic", [FAST, CArithmetic(ALEXEYAB)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_gradient_equals_the_reference(kind, arithmetic, seed):
    first, second = pairs(seed)
    expected = np.array(
        [
            reference_boxes.iou_gradient(reference_boxes.box(a), reference_boxes.box(b), kind)
            for a, b in zip(first, second, strict=True)
        ]
    )
    boxes = (torch.from_numpy(first), torch.from_numpy(second))
    found = iou_gradient(*boxes, kind, arithmetic).numpy()
    # Differences of edges lose 3 digits of float32 where a box is a thousandth of the picture.
    worst = np.abs(found - expected) / np.abs(expected).max(1, keepdims=True).clip(1e-9)
    assert worst.max() < 5e-5
    disjoint = [
        reference_boxes.intersection_area(reference_boxes.box(a), reference_boxes.box(b)) == 0
        for a, b in zip(first, second, strict=True)
    ]
    assert 5 < sum(disjoint) < 55


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_too_small_for_float32_has_one_derivative_for_both_edges(kind):
    pred = np.array([[0.7, 0.4, 1e-10, 0.2], [0.7, 0.4, 0.2, 1e-10]], np.float32)
    truth = np.array([[0.72, 0.43, 0.3, 0.3]] * 2, np.float32)
    expected = [
        reference_boxes.iou_gradient(reference_boxes.box(a), reference_boxes.box(b), kind)
        for a, b in zip(pred, truth, strict=True)
    ]
    found = iou_gradient(torch.from_numpy(pred), torch.from_numpy(truth), kind)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_boxes_have_an_iou_of_one_and_no_gradient_of_the_centre(kind):
    boxes = torch.tensor([[0.5, 0.25, 0.25, 0.125]])
    assert IOU_FUNCTIONS.get(kind, iou)(boxes, boxes).item() == 1
    assert iou_gradient(boxes, boxes, kind)[0, :2].tolist() == [0, 0]


@pytest.mark.parametrize("kind", ["diou", "ciou"])
def test_disjoint_boxes_move_together(kind):
    left = torch.tensor([[0.2, 0.5, 0.1, 0.1]])
    right = torch.tensor([[0.8, 0.5, 0.1, 0.1]])
    assert iou_gradient(left, right, kind)[0, 0] > 0
    assert iou_gradient(right, left, kind)[0, 0] < 0


def by_coordinate(boxes):
    """[N, P, 4] boxes as `best_truth` takes them."""
    return torch.from_numpy(boxes).transpose(1, 2)


@pytest.mark.parametrize("at_once", [2**24, 7])
def test_the_largest_iou_is_that_of_the_best_truth_of_the_picture(monkeypatch, at_once):
    monkeypatch.setattr("darknet_torch.losses.iou._PAIRS_AT_ONCE", at_once)
    boxes, truths = (part.reshape(3, 20, 4) for part in pairs(4))
    truths = truths[:, :5]
    best, index = best_truth(by_coordinate(boxes), torch.from_numpy(truths))
    every = iou(torch.from_numpy(boxes)[:, :, None], torch.from_numpy(truths)[:, None])
    expected, which = every.max(-1)
    assert torch.equal(best, expected)
    assert torch.equal(largest_iou(by_coordinate(boxes), torch.from_numpy(truths)), expected)
    assert torch.equal(index, torch.where(expected > 0, which, 0))
    assert (best == 0).any() and (best > 0).any()


def test_truths_of_no_size_and_no_truths_have_an_iou_of_zero():
    boxes = torch.tensor([[[0.0, 0.0, 0.0, 0.0], [0.1, 0.1, 0.5, 0.5]]]).transpose(1, 2)
    for truths in (torch.zeros(1, 3, 4), torch.zeros(1, 0, 4)):
        best, index = best_truth(boxes, truths)
        assert best.tolist() == [[0, 0]]
        assert index.tolist() == [[0, 0]]
        assert largest_iou(boxes, truths).tolist() == [[0, 0]]


def test_the_first_of_equal_ious_counts(monkeypatch):
    monkeypatch.setattr("darknet_torch.losses.iou._PAIRS_AT_ONCE", 1)
    box = torch.tensor([[[0.5, 0.5, 0.25, 0.25]]])
    truths = torch.cat((torch.zeros(1, 1, 4), box, box), 1)
    assert [part.item() for part in best_truth(box.transpose(1, 2), truths)] == [1, 1]
