"""What two detectors agree on, at every threshold."""

import numpy as np
import pytest

from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.evaluation.threshold_curves import THRESHOLDS
from darknet_torch.report.disagreement import compare_detections

LEFT, NEAR, HALF, FAR = ((x, 0.5, 0.2, 0.2) for x in (0.2, 0.22, 0.27, 0.8))


def table(*rows):
    """Detections from (picture, class, score, box)."""
    pictures, class_ids, scores, boxes = zip(*rows, strict=True) if rows else [()] * 4
    return DetectionTable(
        np.array(pictures, np.int64),
        np.array(class_ids, np.int64),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
    )


def test_detections_of_one_class_agree_up_to_the_lower_score():
    first, second = compare_detections(table((0, 1, 0.9, LEFT)), table((0, 1, 0.5, NEAR)))
    assert first.agreed.tolist() == second.agreed.tolist() == [0.5]
    assert first.disagrees(0.4).tolist() == [False]
    assert first.disagrees(0.6).tolist() == [True]  # the other one is below
    assert second.disagrees(0.6).tolist() == [False]  # and is no detection any more


@pytest.mark.parametrize(
    "other", [(0, 1, 0.5, FAR), (0, 1, 0.5, HALF), (1, 1, 0.5, LEFT), (0, 2, 0.5, HALF)]
)
def test_other_places_and_pictures_say_nothing(other):
    first, second = compare_detections(table((0, 1, 0.9, LEFT)), table(other))
    assert [*first.agreed, *first.contradicted] == [*second.agreed, *second.contradicted] == [0, 0]


def test_another_class_contradicts():
    first, second = compare_detections(
        table((0, 1, 0.9, LEFT)), table((0, 2, 0.5, NEAR), (0, 3, 0.7, NEAR))
    )
    assert first.contradicted.tolist() == [np.float32(0.7)]
    assert second.contradicted.tolist() == [0.5, np.float32(0.7)]
    everything = np.array([True])
    counts = first.counts(everything)
    kinds = [[name for name, column in counts.items() if column[at]] for at in (69, 70, 89, 90)]
    assert kinds == [["other class"], ["only"], ["only"], []]


def test_each_detection_is_in_one_pair():
    first, second = compare_detections(
        table((0, 1, 0.9, LEFT), (0, 1, 0.8, NEAR)), table((0, 1, 0.6, LEFT))
    )
    assert first.agreed.tolist() == [np.float32(0.6), 0]
    assert second.agreed.tolist() == [np.float32(0.6)]


def random_table(random, count):
    rows = (
        (
            int(random.integers(3)),
            int(random.integers(2)),
            random.integers(1, 100) / 100,
            (*random.uniform(0.4, 0.6, 2), *random.uniform(0.3, 0.4, 2)),
        )
        for _ in range(count)
    )
    return table(*sorted(rows, key=lambda row: row[0]))


@pytest.mark.parametrize("seed", range(3))
def test_what_holds_at_a_threshold_is_what_the_detections_above_it_give(seed):
    random = np.random.default_rng(seed)
    tables = random_table(random, 25), random_table(random, 20)
    whole = compare_detections(*tables)
    assert sum((one.agreed > 0).sum() for one in whole) > 20
    for threshold in THRESHOLDS[::7]:
        above = compare_detections(*(each.select(each.scores > threshold) for each in tables))
        for one, part in zip(whole, above, strict=True):
            rows = one.detections.scores > threshold
            assert ((one.agreed[rows] > threshold) == (part.agreed > 0)).all()
            assert ((one.contradicted[rows] > threshold) == (part.contradicted > 0)).all()


def test_the_kinds_add_up():
    random = np.random.default_rng(5)
    first, second = compare_detections(random_table(random, 30), random_table(random, 30))
    for one in (first, second):
        counts = one.counts(np.full(30, True))
        above = (one.detections.scores[:, None] > THRESHOLDS).sum(0)
        assert (sum(counts.values()) == above).all()
        disagreeing = [one.disagrees(threshold).sum() for threshold in THRESHOLDS]
        assert (above - counts["both"] == disagreeing).all()
    everything = np.full(30, True)
    assert (first.counts(everything)["both"] == second.counts(everything)["both"]).all()


def test_nothing_found_disagrees_with_nothing():
    first, second = compare_detections(table(), table((0, 1, 0.5, LEFT)))
    assert (len(first.agreed), second.disagrees(0.25).tolist()) == (0, [True])


def test_boxes_that_are_not_finite_match_nothing():
    first, _ = compare_detections(
        table((0, 1, 0.5, (np.inf, 0.5, np.nan, 1))), table((0, 1, 0.5, (np.inf, 0.5, 1, 1)))
    )
    assert first.agreed.tolist() == [0]
