"""NMS of all classes and pictures at once, against the loop over boxes that it replaces."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.results import suppression
from darknet_torch.results.suppression import apply_nms, suppress_overlaps
from tools.bench_nms import one_by_one

KINDS = ["default", "greedynms", "diounms", "cornersnms"]
BETA = 1.3


def check(boxes, scores, pictures, threshold, kind="default"):
    """Compare with the greedy loop, bit for bit; return the scores."""
    found = suppress_overlaps(boxes, scores, pictures, threshold, nms_kind=kind, beta_nms=BETA)
    expected = one_by_one(boxes, scores, pictures, threshold, nms_kind=kind, beta_nms=BETA)
    np.testing.assert_array_equal(found, expected, strict=True)
    return found


def random_case(seed, count, classes, density=1.0, pictures=1, sides=0.2):
    """Make boxes that overlap, with scores of few levels, so that many are equal."""
    random = np.random.default_rng(seed)
    boxes = random.uniform((0, 0, 0.01, 0.01), (1, 1, sides, sides), (count, 4))
    scores = random.integers(1, 30, (count, classes)).astype(np.float32) / 30
    scores[random.random((count, classes)) >= density] = 0
    return boxes, scores, random.integers(0, pictures, count)


# Edges on a coarse grid overlap by exact fractions, touch, and coincide; the other values are
# those at which floating point fails first.
EDGES = st.integers(-4, 8).map(lambda number: number / 4)
EXTREMES = st.sampled_from([0.0, 1e-200, 1e-162, 5e-324, 1e16, -1e16, 1e160, 1e308, -1e308])
NUMBERS = st.one_of(EDGES, EDGES, EDGES, EXTREMES)
THRESHOLDS = st.sampled_from([0.0, 1e-300, 0.25, 1 / 3, 0.45, 0.5, 1.0, -0.5])


@st.composite
def cases(draw):
    count, classes = draw(st.integers(0, 12)), draw(st.sampled_from([1, 2, 9]))
    boxes = draw(st.lists(st.tuples(*[NUMBERS] * 4), min_size=count, max_size=count))
    levels = draw(st.sampled_from([(0.0, 0.5), (0.0, 0.3, 0.6, 0.9)]))
    flat = st.lists(st.sampled_from(levels), min_size=count * classes, max_size=count * classes)
    numbers = st.lists(st.integers(-1, 1), min_size=count, max_size=count)
    return (
        np.array(boxes, float).reshape(count, 4),
        np.array(draw(flat), np.float32).reshape(count, classes),
        np.array(draw(numbers), int),
    )


@pytest.mark.filterwarnings("ignore:(overflow|invalid value):RuntimeWarning")
@settings(max_examples=40, deadline=None)
@given(case=cases(), threshold=THRESHOLDS, kind=st.sampled_from(KINDS))
def test_any_boxes_are_kept_as_by_the_greedy_loop(case, threshold, kind):
    check(*case, threshold, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("density", [0.05, 1])  # each class compared for itself, or all at once
@pytest.mark.parametrize(("classes", "pictures"), [(1, 3), (66, 2)])
def test_many_boxes_are_kept_as_by_the_greedy_loop(kind, density, classes, pictures):
    boxes, scores, picture = random_case(3, 30 * pictures, classes, density, pictures, sides=0.5)
    found = check(boxes, scores, picture, 0.2, kind)
    assert found.any()
    if density == 1:
        assert np.count_nonzero(found) < 0.9 * np.count_nonzero(scores)


@pytest.mark.parametrize("classes", [1, 66])
def test_more_pairs_than_are_held_are_settled_in_steps(monkeypatch, classes):
    """Clusters of almost equal boxes, and boxes far from all others."""
    random = np.random.default_rng(5)
    _, scores, picture = random_case(5, 90, classes, pictures=2)
    boxes = np.repeat(random.uniform(0.2, 0.8, (6, 4)), 15, 0)
    boxes += random.normal(0, 0.02, boxes.shape)
    boxes[::9, :2] += np.arange(10)[:, None] * 5
    steps = []
    settle = suppression._settle_all
    monkeypatch.setattr(
        suppression, "_settle_all", lambda *given: steps.append(given) or settle(*given)
    )
    monkeypatch.setattr(suppression, "_PAIRS_AT_ONCE", 100)
    monkeypatch.setattr(suppression, "_PAIRS_HELD", 100)
    check(boxes, scores, picture, 0.45)
    assert len(steps) > 1


@pytest.mark.parametrize("level", [0.5, None])
def test_thousands_of_equal_boxes_leave_one_per_class(level):
    """All pairs overlap: 4.5 million, of which few may be held at once."""
    random = np.random.default_rng(2)
    boxes = np.repeat([[0.5, 0.5, 0.2, 0.3]], 3000, 0)
    scores = random.random((3000, 3), np.float32) if level is None else np.full((3000, 3), level)
    kept = apply_nms(boxes, scores, 0.45)
    best = scores.argmax(0)
    assert np.count_nonzero(kept) == 3
    np.testing.assert_array_equal(kept[best, range(3)], scores[best, range(3)])


def test_boxes_that_do_not_touch_are_all_kept():
    columns, rows = np.meshgrid(np.arange(40.0), np.arange(25.0))
    boxes = np.stack((columns, rows, np.ones((25, 40)), np.ones((25, 40))), -1).reshape(-1, 4)
    scores = np.random.default_rng(0).random((1000, 80), np.float32)
    np.testing.assert_array_equal(apply_nms(boxes, scores, 0.01), scores)


def test_of_equal_scores_the_first_box_is_kept():
    boxes = np.array([[0.51, 0.5, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2], [0.52, 0.5, 0.2, 0.2]])
    kept = apply_nms(boxes, np.full((3, 1), 0.5), 0.45)
    np.testing.assert_array_equal(kept, [[0.5], [0], [0]])


def test_a_chain_of_boxes_keeps_every_other_one():
    """Each overlaps the next by exactly 3/5, and the one after that by 1/3."""
    boxes = np.stack((np.arange(9.0), np.zeros(9), np.full(9, 4), np.full(9, 4)), 1)
    scores = np.linspace(0.9, 0.1, 9)[:, None]
    kept = apply_nms(boxes, scores, 0.45)
    np.testing.assert_array_equal(kept[:, 0] > 0, np.arange(9) % 2 == 0)
    np.testing.assert_array_equal(apply_nms(boxes, scores, 3 / 5), scores)
    assert np.count_nonzero(apply_nms(boxes, scores, math.nextafter(3 / 5, 0))) == 5


def test_boxes_of_different_pictures_do_not_meet():
    boxes, scores = np.repeat([[0.5, 0.5, 0.2, 0.2]], 4, 0), np.full((4, 2), 0.7)
    kept = suppress_overlaps(boxes, scores, np.array([7, -2, 7, -2]), 0.45)
    np.testing.assert_array_equal(kept, [[0.7, 0.7], [0.7, 0.7], [0, 0], [0, 0]])


def test_the_given_arrays_are_not_changed():
    boxes, scores, picture = random_case(0, 50, 3)
    copies = boxes.copy(), scores.copy(), picture.copy()
    suppress_overlaps(boxes, scores, picture, 0.1)
    for given_array, copy in zip((boxes, scores, picture), copies, strict=True):
        np.testing.assert_array_equal(given_array, copy)


def test_float32_boxes_are_compared_in_float32():
    boxes, scores, picture = random_case(8, 200, 2, sides=0.4)
    check(boxes.astype(np.float32), scores, picture, 0.3)
