"""NMS on the device: exactly what `darknet_torch.results.suppression` leaves, in its order."""

import numpy as np
import pytest
import torch

from darknet_torch.heads.base import Predictions
from darknet_torch.inference.gpu import suppression
from darknet_torch.inference.gpu.suppression import find_boxes, keep_best
from darknet_torch.media.images import Placement
from darknet_torch.results.boxes import cxcywh_to_xyxy, penalty_exponent
from darknet_torch.results.suppression import suppress_overlaps

NMS_KINDS = ("default", "greedynms", "diounms", "cornersnms")
THRESHOLD, NMS_THRESHOLD, BETA = 0.3, 0.45, 0.8
PICTURES, BOXES = 3, 40
PLACEMENTS = [Placement(64, 64, 64, 64), Placement(64, 64, 40, 64), Placement(64, 64, 64, 33)]
# Candidates that are compared as one group, and pairs at once: all; groups; few of each group.
LIMITS = ((1 << 10, 1 << 22), (0, 1 << 22), (0, 64))


def random_predictions(classes, *, levels=8):
    """Predictions with many equal scores and equal boxes, some of no size, some not finite."""
    random = np.random.default_rng(classes)
    boxes = random.random((PICTURES, BOXES, 4), np.float32) * np.float32([1, 1, 0.6, 0.6])
    boxes[:, ::7] = boxes[:, :1]
    boxes[:, 3, 2:] = 0
    boxes[:, 4, 0], boxes[:, 5, 3] = np.inf, np.nan
    objectness = random.random((PICTURES, BOXES), np.float32)
    scores = random.integers(0, levels, (PICTURES, BOXES, classes)) / np.float32(levels)
    return boxes, objectness, scores.astype(np.float32)


def found_on_cpu(boxes, objectness, scores, nms_threshold, nms_kind):
    """Boxes, scores and class ids of each picture, as `Detector` finds and orders them."""
    for one, certain, own, placed in zip(boxes, objectness, scores, PLACEMENTS, strict=True):
        chosen = (certain > THRESHOLD) & np.isfinite(one).all(1)
        placed_boxes = placed.to_picture(one[chosen].astype(np.float64))
        above = np.where(own[chosen] > THRESHOLD, own[chosen], 0)
        pictures = np.zeros(len(above), np.intp)
        after = suppress_overlaps(
            placed_boxes, above, pictures, nms_threshold, nms_kind=nms_kind, beta_nms=BETA
        )
        rows, ids = np.nonzero(after)
        order = np.argsort(-after[rows, ids], kind="stable")
        rows, ids = rows[order], ids[order]
        yield placed_boxes[rows], after[rows, ids], ids


def found_on(device, boxes, objectness, scores, nms_threshold, nms_kind):
    arrays = [torch.from_numpy(array).to(device) for array in (boxes, objectness, scores)]
    placing = torch.tensor([(one.margins, one.ratios) for one in PLACEMENTS], dtype=torch.float64)
    return find_boxes(
        Predictions(*arrays),
        placing.to(device),
        threshold=THRESHOLD,
        nms_threshold=nms_threshold,
        exponent=penalty_exponent(nms_kind, BETA),
    )


def assert_same(device, predictions, nms_threshold=NMS_THRESHOLD, nms_kind="default"):
    """Assert that both find the same; return how many detections there are."""
    found = found_on(device, *predictions, nms_threshold, nms_kind)
    expected = list(found_on_cpu(*predictions, nms_threshold, nms_kind))
    for own, (boxes, scores, class_ids) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(own.boxes_cxcywh, boxes)
        np.testing.assert_array_equal(own.scores, scores)
        np.testing.assert_array_equal(own.class_ids, class_ids)
        assert (own.scores.dtype, own.class_ids.dtype) == (np.float32, np.int64)
    return sum(len(own.scores) for own in found)


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("classes", [1, 3, 20])
@pytest.mark.parametrize("nms_kind", NMS_KINDS)
def test_the_same_boxes_are_left(device, nms_kind, classes, limits, monkeypatch):
    monkeypatch.setattr(suppression, "_AS_ONE_GROUP", limits[0])
    monkeypatch.setattr(suppression, "_PAIRS_AT_ONCE", limits[1])
    predictions = random_predictions(classes)
    left = assert_same(device, predictions, nms_kind=nms_kind)
    all_of_them = assert_same(device, predictions, nms_threshold=0, nms_kind=nms_kind)
    assert 0 < left < all_of_them


def test_chains_longer_than_the_rounds_are_settled(device):
    """Each box overlaps the next one only, so that every second one is left."""
    count = 50
    left = torch.arange(count, dtype=torch.float64, device=device)
    corners = torch.stack((left, 0 * left, left + 2, 0 * left + 1), 1)
    one_group = torch.zeros(count, dtype=torch.int64, device=device)
    kept = keep_best(corners, one_group, 0.3, exponent=None)
    assert kept.tolist() == [index % 2 == 0 for index in range(count)]


def test_groups_of_very_different_sizes(device, monkeypatch):
    """The best of each group are compared first, then the rest of the large one."""
    monkeypatch.setattr(suppression, "_AS_ONE_GROUP", 0)
    monkeypatch.setattr(suppression, "_PAIRS_AT_ONCE", 100)
    random = np.random.default_rng(0)
    boxes, groups = random.random((200, 4)), random.choice([0, 0, 0, 0, 5, 9], 200)
    scores = np.zeros((200, 10))
    scores[np.arange(200), groups] = 1 - np.arange(200) / 1000  # the best first
    expected = suppress_overlaps(boxes, scores, np.zeros(200, np.intp), 0.3)
    corners = torch.from_numpy(cxcywh_to_xyxy(boxes)).to(device)
    kept = keep_best(corners, torch.from_numpy(groups).to(device), 0.3, exponent=None)
    np.testing.assert_array_equal(kept.cpu().numpy(), expected.any(1))


@pytest.mark.parametrize("level", [0, 1])
def test_nothing_above_the_threshold_gives_nothing(device, level):
    boxes, objectness, scores = random_predictions(2)
    predictions = boxes, objectness * level, scores * (1 - level)
    assert assert_same(device, predictions) == 0
