"""Suppression on tensors compared with suppression on arrays, box by box."""

import numpy as np
import pytest
import torch

from darknet_torch.ops.suppression import cxcywh_to_xyxy, pairwise_iou, suppress
from darknet_torch.results import boxes
from darknet_torch.results.suppression import apply_nms

PICTURES, BOXES, CLASSES = 3, 30, 3
KINDS = [("default", 0.6), ("greedynms", 0.6), ("diounms", 0.6), ("diounms", 2.5)]
KIND = pytest.mark.parametrize(("kind", "beta"), KINDS)


def scene(seed):
    """Boxes [N, A, 4] that overlap a lot, and scores [N, A, C] of which half are none.

    In float64, so that no overlap falls on the other side of a threshold by rounding.
    """
    generator = torch.Generator().manual_seed(seed)
    options = {"generator": generator, "dtype": torch.float64}
    centres = torch.rand(PICTURES, BOXES, 2, **options) * 0.4 + 0.3
    sizes = torch.rand(PICTURES, BOXES, 2, **options) * 0.3 + 0.1
    scores = torch.rand(PICTURES, BOXES, CLASSES, **options)
    return torch.cat((centres, sizes), -1), torch.where(scores > 0.5, scores, 0)


def plainly(found, scores, threshold, kind, beta):
    """The boxes left by `apply_nms`, sorted as by `Detector`: by picture and score."""
    rows = []
    for picture, (some, those) in enumerate(zip(found.numpy(), scores.numpy(), strict=True)):
        kept = apply_nms(some, those, threshold, nms_kind=kind, beta_nms=beta)
        places, kinds = np.nonzero(kept)
        order = np.argsort(-kept[places, kinds], kind="stable")
        for place, one in zip(places[order], kinds[order], strict=True):
            rows.append((*boxes.cxcywh_to_xyxy(some[place]), kept[place, one], one, picture))
    return np.array(rows).reshape(-1, 7)


def check(found, scores, threshold, kind="default", beta=0.6):
    """Compare both results, and return the remaining boxes."""
    exponent = boxes.penalty_exponent(kind, beta)
    kept = suppress(found, scores, threshold=threshold, exponent=exponent)
    table = torch.cat([part.reshape(len(kept[1]), -1).double() for part in kept], 1)
    # Sums and halves of values below 1, in float64.
    np.testing.assert_allclose(
        table, plainly(found, scores, threshold, kind, beta), rtol=0, atol=1e-12
    )
    return table


@KIND
@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.6])
@pytest.mark.parametrize("seed", range(2))
def test_random_boxes(seed, threshold, kind, beta):
    found, scores = scene(seed)
    kept = check(found, scores, threshold, kind, beta)
    assert 0 < len(kept) < scores.count_nonzero()


@KIND
def test_equal_scores_are_ordered_by_position(kind, beta):
    found, scores = scene(7)
    check(found, (scores * 4).ceil() / 4, 0.4, kind, beta)


@KIND
def test_duplicates_leave_one(kind, beta):
    found, scores = scene(8)
    twice = torch.cat((found, found), 1), torch.cat((scores, scores), 1)
    once = check(found, scores, 0.4, kind, beta)
    torch.testing.assert_close(check(*twice, 0.4, kind, beta), once, rtol=0, atol=0)


def test_a_chain_goes_link_by_link():
    """Each box overlaps the next too much: every other one remains, however long the chain."""
    count = 41
    x = torch.arange(count, dtype=torch.float64) * 0.02
    found = torch.stack((x, x * 0, x * 0 + 0.05, x * 0 + 1), -1)[None]
    scores = torch.linspace(0.9, 0.1, count, dtype=torch.float64)[None, :, None]
    kept = check(found, scores, 0.4)
    assert kept[:, 4].tolist() == scores[0, ::2, 0].tolist()


@pytest.mark.parametrize("kind", ["default", "greedynms"])
def test_a_threshold_of_zero_keeps_all(kind):
    found, scores = scene(1)
    assert len(check(found, scores, 0, kind)) == scores.count_nonzero()


def test_a_threshold_of_one_keeps_all():
    found, scores = scene(1)
    assert len(check(found, scores, 1)) == scores.count_nonzero()


@pytest.mark.parametrize("threshold", [0, 0.45])
def test_no_candidates_give_nothing(threshold):
    found, scores = scene(1)
    kept = suppress(found, scores * 0, threshold=threshold, exponent=None)
    assert [list(part.shape) for part in kept] == [[0, 4], [0], [0], [0]]


def test_a_picture_without_candidates_next_to_others():
    found, scores = scene(2)
    scores[1] = 0
    assert set(check(found, scores, 0.45)[:, 6].tolist()) == {0, 2}


def test_boxes_of_other_classes_and_pictures_do_not_matter():
    found = torch.full((2, 2, 4), 0.5, dtype=torch.float64)
    scores = torch.tensor([[[0.9, 0], [0, 0.8]], [[0.7, 0], [0, 0.6]]], dtype=torch.float64)
    assert len(check(found, scores, 0.1)) == 4


@KIND
def test_boxes_without_a_size(kind, beta):
    found, scores = scene(3)
    found[:, ::3, 2:] = 0
    found[:, ::6, :2] = 0.5
    check(found, scores, 0.3, kind, beta)


@KIND
def test_overlaps_are_those_of_the_arrays(kind, beta):
    found = cxcywh_to_xyxy(scene(4)[0][0])
    overlap = boxes.overlap_function(kind, beta)
    expected = np.stack([overlap(box, found.numpy()) for box in found.numpy()])
    got = pairwise_iou(found, boxes.penalty_exponent(kind, beta))
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)  # float64, values below 1
