"""The kinds of detections: of made-up ones, and compared with COCO's own program."""

import numpy as np
import pytest

from darknet_torch.evaluation.error_kinds import ERRORS, KINDS
from tests.evaluation.analysis_cases import (
    CAT,
    DOG,
    analysis_of,
    coco_evaluator,
    detections,
    ground_truth,
    hard_case,
)


def kinds_of(found, truth):
    return [KINDS[code] for code in analysis_of(found, truth).outcomes.kinds]


def test_each_kind_and_the_object_that_makes_it():
    truth = ground_truth(
        [
            (CAT, (0, 0, 40, 40)),
            (DOG, (50, 50, 90, 90)),
            (CAT, (50, 0, 90, 20), True),
        ]
    )
    found = detections(
        (0, CAT, (0, 0, 40, 30), 0.8),  # IoU .75
        (0, CAT, (0, 0, 40, 38), 0.7),  # better, but with a lower score
        (0, CAT, (20, 20, 60, 60), 0.6),  # IoU 400 of 2800
        (0, CAT, (50, 50, 90, 80), 0.5),
        (0, CAT, (50, 5, 70, 15), 0.4),  # inside the difficult object, IoU .25
        (0, DOG, (50, 5, 70, 15), 0.3),
    )
    outcomes = analysis_of(found, truth).outcomes
    assert [KINDS[code] for code in outcomes.kinds] == [
        "correct",
        "duplicate",
        "place",
        "class",
        "ignored",
        "false",
    ]
    assert outcomes.objects.tolist() == [0, 0, 0, 1, 2, -1]
    assert outcomes.overlaps == pytest.approx([0.75, 0.95, 1 / 7, 0.75, 1, 0], abs=1e-6)
    assert outcomes.found_by.tolist() == [0, -1, -1]


def test_an_overlap_of_exactly_one_half_is_enough():
    truth = ground_truth([(CAT, (0, 0, 40, 40))])
    assert kinds_of(detections((0, CAT, (0, 0, 40, 20), 0.5)), truth) == ["correct"]
    assert kinds_of(detections((0, CAT, (0, 0, 40, 19), 0.5)), truth) == ["place"]


def test_a_detection_takes_the_best_object_that_is_free():
    truth = ground_truth([(CAT, (0, 0, 40, 40)), (CAT, (0, 0, 40, 30))])
    box = (0, 0, 40, 40)
    found = detections(*((0, CAT, box, score) for score in (0.2, 0.9, 0.1)))
    outcomes = analysis_of(found, truth).outcomes
    assert outcomes.objects.tolist() == [1, 0, 0]
    assert [KINDS[code] for code in outcomes.kinds] == ["correct", "correct", "duplicate"]


def test_of_objects_that_overlap_equally_the_last_counts_as_in_pycocotools():
    truth = ground_truth([(CAT, (0, 0, 40, 40))] * 2)
    found = detections((0, CAT, (0, 0, 40, 38), 0.9))
    assert analysis_of(found, truth).outcomes.objects.tolist() == [1]
    assert coco_evaluator(found, truth).evalImgs[0]["dtMatches"].tolist() == [[2]]  # from 1


def test_a_difficult_object_ignores_many_detections_but_an_ordinary_one_comes_first():
    box = (0, 0, 40, 40)
    truth = ground_truth([(CAT, box, True), (CAT, (0, 0, 40, 30))])
    found = detections(*((0, CAT, box, score) for score in (0.9, 0.8, 0.7)))
    assert kinds_of(found, truth) == ["correct", "ignored", "ignored"]


def test_the_larger_overlap_decides_between_a_duplicate_and_a_wrong_class():
    box = (0, 0, 40, 40)
    truth = ground_truth([(CAT, box), (DOG, (0, 0, 40, 30))])
    first = (0, CAT, box, 0.9)
    assert kinds_of(detections(first, (0, CAT, (0, 0, 40, 38), 0.5)), truth)[1] == "duplicate"
    assert kinds_of(detections(first, (0, CAT, (0, 0, 40, 31), 0.5)), truth)[1] == "class"
    equal = ground_truth([(CAT, box), (DOG, box)])
    assert kinds_of(detections(first, (0, CAT, (0, 0, 40, 31), 0.5)), equal)[1] == "duplicate"


@pytest.mark.parametrize("seed", range(4))
def test_matches_are_those_of_pycocotools(seed):
    found, truth = hard_case(seed)
    outcomes = analysis_of(found, truth).outcomes
    correct, ignored = outcomes.are("correct"), outcomes.are("ignored")
    seen = np.zeros(len(found), bool)
    for image in filter(None, coco_evaluator(found, truth).evalImgs):
        rows = np.array(image["dtIds"], int) - 1
        matches = image["dtMatches"][0].astype(int) - 1  # -1 is none
        seen[rows] = True
        assert (correct[rows] == ((matches >= 0) & ~image["dtIgnore"][0])).all()
        assert (ignored[rows] == image["dtIgnore"][0]).all()
        assert (outcomes.objects[rows][matches >= 0] == matches[matches >= 0]).all()
    assert ignored[~seen].all()
    assert (outcomes.objects[~seen] == -1).all()
    assert (~seen).sum() > 10, "the case has too few detections beyond the first 100"
    assert {KINDS[code] for code in outcomes.kinds} == set(KINDS)


@pytest.mark.parametrize("threshold", [0.1, 0.45, 0.8])
def test_kinds_do_not_change_when_detections_of_low_scores_are_removed(threshold):
    found, truth = hard_case(5)
    kept = found.scores > np.float32(threshold)
    all_of_them, fewer = (
        analysis_of(table, truth).outcomes for table in (found, found.select(kept))
    )
    assert (all_of_them.kinds[kept] == fewer.kinds).all()
    assert (all_of_them.objects[kept] == fewer.objects).all()


def test_errors_are_counted_in_their_pictures_above_the_threshold():
    box = (0, 0, 40, 40)
    truth = ground_truth([(CAT, box)], [], [(CAT, box), (DOG, box, True)])
    found = detections(
        (0, CAT, box, 0.25), (0, DOG, box, 0.5), (1, CAT, box, 0.25001), (2, CAT, box, 0.9)
    )
    outcomes = analysis_of(found, truth).outcomes
    counts = outcomes.errors_by_picture(0.25, 3)
    assert tuple(counts) == ERRORS == ("missed", "class", "place", "duplicate", "false")
    assert counts["missed"].tolist() == [1, 0, 0]
    assert counts["class"].tolist() == [1, 0, 0]
    assert counts["false"].tolist() == [0, 1, 0]
    assert sum(column.sum() for column in counts.values()) == 3


def test_a_score_equal_to_the_threshold_as_a_float32_is_not_above_it():
    # 0.7 as a float32 is below 0.7, 0.3 as a float32 is above 0.3.
    box = (0, 0, 40, 40)
    outcomes = analysis_of(
        detections((0, CAT, box, 0.7), (0, CAT, box, 0.3)), ground_truth([])
    ).outcomes
    assert outcomes.above(0.7).tolist() == [False, False]
    assert outcomes.above(0.3).tolist() == [True, False]
