"""Overlaps and their removal, against plain loops in Darknet's order."""

import math

import numpy as np
import pytest

from darknet_torch.results.boxes import (
    box_iou,
    cxcywh_to_xyxy,
    order_after_nms,
    overlap_function,
    penalised_iou,
    xyxy_to_cxcywh,
)
from darknet_torch.results.suppression import apply_nms

ROUNDING = 1e-12  # rounding of a few float64 operations on numbers near 1


def random_boxes(seed, count):
    """Return [count, 4] boxes as centre x, centre y, width, height; many overlap."""
    random = np.random.RandomState(seed)
    return np.concatenate(
        (random.uniform(0.2, 0.8, (count, 2)), random.uniform(0.1, 0.5, (count, 2))), 1
    )


def plain_iou(a, b):
    width = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(a[0] - a[2] / 2, b[0] - b[2] / 2)
    height = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def plain_penalised(a, b, exponent):
    width = max(a[0] + a[2] / 2, b[0] + b[2] / 2) - min(a[0] - a[2] / 2, b[0] - b[2] / 2)
    height = max(a[1] + a[3] / 2, b[1] + b[3] / 2) - min(a[1] - a[3] / 2, b[1] - b[3] / 2)
    apart = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
    return plain_iou(a, b) - (apart / (width**2 + height**2)) ** exponent


PLAIN_OVERLAPS = {
    "default": plain_iou,
    "greedynms": lambda a, b: plain_penalised(a, b, 0.6),
    "diounms": lambda a, b: plain_penalised(a, b, 1.3),
}


def plain_suppress(boxes, scores, threshold, overlap):
    """Sort by score per class and compare each kept box with all after it, as do_nms_sort does."""
    kept = scores.copy()
    for kind in range(scores.shape[1]):
        order = sorted(range(len(boxes)), key=lambda index: -kept[index, kind])
        for position, better in enumerate(order):
            if kept[better, kind] == 0:
                continue
            for worse in order[position + 1 :]:
                if overlap(boxes[better], boxes[worse]) > threshold:
                    kept[worse, kind] = 0
    return kept


class TestFormats:
    def test_corners_are_half_a_size_from_the_centre(self):
        np.testing.assert_array_equal(cxcywh_to_xyxy(np.array([5.0, 7, 4, 2])), [3, 6, 7, 8])

    @pytest.mark.parametrize("shape", [(4,), (9, 4), (2, 3, 4), (0, 4)])
    def test_the_conversions_are_inverses(self, shape):
        boxes = np.random.RandomState(1).uniform(0.1, 1, shape)
        back = xyxy_to_cxcywh(cxcywh_to_xyxy(boxes))
        np.testing.assert_allclose(back, boxes, rtol=ROUNDING, strict=True)
        again = cxcywh_to_xyxy(xyxy_to_cxcywh(boxes))
        np.testing.assert_allclose(again, boxes, atol=ROUNDING, strict=True)


class TestOverlap:
    BOX = np.array([0.0, 0, 4, 4])

    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            ([0, 0, 4, 4], 1),
            ([2, 0, 6, 4], 1 / 3),
            ([1, 1, 3, 3], 1 / 4),
            ([4, 0, 8, 4], 0),  # they touch
            ([9, 9, 10, 10], 0),
            ([2, 2, 2, 2], 0),  # a point
        ],
    )
    def test_iou_of_known_boxes(self, other, expected):
        assert box_iou(self.BOX, np.array([other], float)) == pytest.approx(expected)

    def test_two_points_do_not_overlap(self):
        point = np.zeros(4)
        assert box_iou(point, point[None]) == [0]
        assert penalised_iou(0.6)(point, point[None]) == [0]

    def test_iou_with_no_others_is_empty(self):
        assert box_iou(self.BOX, np.zeros((0, 4))).shape == (0,)

    @pytest.mark.parametrize("exponent", [0.6, 1.0, 2.0])
    def test_the_penalty_grows_with_the_distance_of_the_centres(self, exponent):
        other = np.array([[2.0, 0, 6, 4]])
        penalty = (4 / (36 + 16)) ** exponent
        found = penalised_iou(exponent)(self.BOX, other)
        assert found == pytest.approx(1 / 3 - penalty)

    def test_boxes_with_the_same_centre_are_not_penalised(self):
        inside = np.array([[1.0, 1, 3, 3]])
        assert penalised_iou(0.6)(self.BOX, inside) == box_iou(self.BOX, inside)

    def test_a_penalised_overlap_of_distant_boxes_is_negative(self):
        assert penalised_iou(0.6)(self.BOX, np.array([[8.0, 8, 9, 9]])) < 0

    @pytest.mark.parametrize("kind", PLAIN_OVERLAPS)
    def test_each_kind_of_nms_has_the_overlap_of_plain_arithmetic(self, kind):
        boxes = random_boxes(5, 12)
        corners = cxcywh_to_xyxy(boxes)
        for box, own in zip(boxes, corners, strict=True):
            found = overlap_function(kind, 1.3)(own, corners)
            expected = [PLAIN_OVERLAPS[kind](box, other) for other in boxes]
            np.testing.assert_allclose(found, expected, atol=ROUNDING)

    def test_greedynms_ignores_beta_nms(self):
        corners = cxcywh_to_xyxy(random_boxes(6, 2))
        first, second = (
            overlap_function("greedynms", beta)(corners[0], corners) for beta in (0.1, 9)
        )
        np.testing.assert_array_equal(first, second)


class TestSuppression:
    @pytest.mark.parametrize("kind", PLAIN_OVERLAPS)
    @pytest.mark.parametrize("threshold", [0.1, 0.45, 0.9])
    @pytest.mark.parametrize("seed", range(4))
    def test_nms_keeps_what_a_plain_loop_keeps(self, kind, threshold, seed):
        boxes = random_boxes(seed, 40)
        random = np.random.RandomState(seed + 100)
        scores = random.uniform(0.25, 1, (40, 3)) * (random.uniform(size=(40, 3)) > 0.4)
        kept = apply_nms(boxes, scores, threshold, nms_kind=kind, beta_nms=1.3)
        expected = plain_suppress(boxes, scores, threshold, PLAIN_OVERLAPS[kind])
        np.testing.assert_array_equal(kept, expected)
        if threshold < 0.9:
            assert 0 < np.count_nonzero(kept) < np.count_nonzero(scores)

    def test_a_threshold_of_0_keeps_all_boxes(self):
        boxes, scores = np.repeat(random_boxes(1, 1), 5, 0), np.linspace(0.3, 0.9, 5)[:, None]
        np.testing.assert_array_equal(apply_nms(boxes, scores, 0), scores)

    def test_the_best_of_equal_boxes_is_kept_per_class(self):
        boxes = np.repeat(random_boxes(1, 1), 3, 0)
        scores = np.array([[0.5, 0.9], [0.8, 0.3], [0.6, 0.4]])
        kept = apply_nms(boxes, scores, 0.45)
        np.testing.assert_array_equal(kept, [[0, 0.9], [0.8, 0], [0, 0]])

    def test_a_dropped_box_does_not_suppress_others(self):
        """The second box overlaps both others; the first and third overlap too little."""
        boxes = np.array([[0.0, 0, 4, 4], [1, 0, 4, 4], [2, 0, 4, 4]])
        scores = np.array([[0.9], [0.8], [0.7]])
        kept = apply_nms(boxes, scores, 0.45)
        np.testing.assert_array_equal(kept, [[0.9], [0], [0.7]])

    def test_an_overlap_equal_to_the_threshold_is_kept(self):
        boxes = np.array([[0.0, 0, 4, 4], [0, 0, 2, 4]])
        scores = np.array([[0.9], [0.8]])
        assert math.prod(apply_nms(boxes, scores, 0.5)) > 0
        assert math.prod(apply_nms(boxes, scores, 0.499)) == 0

    def test_no_boxes_give_no_scores(self):
        assert apply_nms(np.zeros((0, 4)), np.zeros((0, 3)), 0.45).shape == (0, 3)

    def test_the_given_scores_are_not_changed(self):
        boxes, scores = np.repeat(random_boxes(1, 1), 2, 0), np.array([[0.5], [0.9]])
        apply_nms(boxes, scores, 0.45)
        np.testing.assert_array_equal(scores, [[0.5], [0.9]])


def test_the_order_after_nms_equals_sorting_once_per_class():
    random = np.random.default_rng(3)
    scores = random.integers(0, 3, (30, 4)).astype(np.float32)
    rows = list(range(30))
    for kind in range(4):
        rows.sort(key=lambda row, kind=kind: -scores[row, kind])
    assert order_after_nms(scores).tolist() == rows
