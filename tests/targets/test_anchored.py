"""Matching of the boxes of [yolo] with ground truths."""

import numpy as np
import pytest

from darknet_torch.targets.anchored import AnchoredAssigner
from tests.losses.anchored_cases import ANCHORS, assigned, row, yolo_computation
from tests.losses.cases import COLUMNS, HEIGHT, ROWS, WIDTH


def match(*arguments):
    return yolo_computation(*arguments).assignment.match


def assigner(**changes):
    given = {
        "input_size": (HEIGHT, WIDTH),
        "map_size": (ROWS, COLUMNS),
        "class_map": None,
        "known_labels": 3,
        "anchors": tuple(ANCHORS),
        "box_of_anchor": (0, 1, 2),
        "boxes": 3,
        "iou_thresh": 1.0,
        "iou_thresh_kind": "iou",
        "counters_per_class": (),
        "max_delta": 3.0,
    }
    return AnchoredAssigner(**given | changes)


def assign(made, rows):
    return made.assign(np.array(rows, np.float32), (HEIGHT, WIDTH), (ROWS, COLUMNS))


@pytest.mark.parametrize(("size", "anchor"), [(7, 0), (15, 1), (40, 2)])
def test_a_truth_is_matched_with_the_anchor_of_the_nearest_shape(size, anchor):
    found = match([row(3, 1, size)])
    assert assigned(found) == [(anchor * ROWS + 1) * COLUMNS + 3]
    assert found.anchors.tolist() == [list(ANCHORS[anchor])]
    assert found.cells.tolist() == [[3, 1]]


def test_iou_thresh_matches_further_anchors_of_similar_shape():
    computation = yolo_computation([row(0, 0, 15)], "iou_thresh=.2")
    found = computation.assignment
    assert assigned(found.match) == [anchor * ROWS * COLUMNS for anchor in (0, 1, 2)]
    assert found.track_labels[0].tolist() == [ROWS * COLUMNS]  # the best one has a label


def test_a_truth_whose_best_anchor_belongs_to_another_head_is_not_matched():
    assert assigned(match([row(0, 0, 40), row(0, 0, 8)], "", "0,1")) == [0]


@pytest.mark.parametrize("shift", [0.0, 0.5])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_matches_equal_those_of_a_loop_over_truths(seed, shift):
    random = np.random.default_rng(seed)
    rows = np.concatenate(
        (random.uniform(0.01, 1, (3, 9, 4)), random.integers(0, 5, (3, 9, 1))), 2
    )
    rows[1, 4:] = 0
    rows = rows.astype(np.float32)
    made = assigner(shift=shift, counters_per_class=(6, 3, 1))
    expected = {}
    for picture, line in np.ndindex(3, 9):
        x, y, w, h, label = rows[picture, line]
        if x == 0 or label >= 3:
            continue
        point = np.array([x - shift * w, y - shift * h]) * (COLUMNS, ROWS)
        column, place = np.trunc(point).astype(int).clip(0, (COLUMNS - 1, ROWS - 1)).tolist()
        fits = [
            min(w * WIDTH, a)
            * min(h * HEIGHT, b)
            / (w * WIDTH * h * HEIGHT + a * b - min(w * WIDTH, a) * min(h * HEIGHT, b))
            for a, b in ANCHORS
        ]
        at = (picture, int(np.argmax(fits)), place, column)
        expected.setdefault(at, []).append((int(label), [1, 2, 3][int(label)]))
    found = assign(made, rows)
    by_box = {}
    for *at, label, weight in zip(
        *found.match.at, found.match.class_ids, found.match.multipliers, strict=True
    ):
        by_box.setdefault(tuple(int(part) for part in at), []).append((int(label), weight))
    assert by_box == expected
    assert found.rounds[0] == len(expected)
    assert sum(found.rounds) == found.matches == sum(map(len, expected.values()))


def test_truths_left_out_and_padding_have_no_size():
    found = assign(assigner(), [[row(1, 1, 8, 2), row(2, 2, 8, 7)], [[0.0] * 5] * 2])
    assert found.truth_boxes[:, :, 2:].any(-1).tolist() == [[True, False], [False, False]]
    assert found.matches == 1


def test_a_map_gives_the_classes_of_matches_and_of_truths():
    found = assign(assigner(class_map=(2, 0, 1)), [[row(1, 1, 8, 0), row(2, 2, 8, 2)]])
    assert found.match.class_ids.tolist() == [2, 1]
    assert found.truth_classes.tolist() == [[2, 1]]


def test_rare_classes_have_larger_multipliers_up_to_max_delta():
    made = assigner(counters_per_class=(100, 50, 0), max_delta=5.0)
    found = assign(made, [[row(column, 0, 8, column) for column in range(3)]])
    assert found.match.multipliers.tolist() == [1, 2, 5]
    assert found.truth_multipliers.tolist() == [[1, 2, 5]]


def test_of_several_truths_of_a_box_the_last_one_gives_it_its_track():
    rows = [[[*row(4, 1, 8, 1), 7], [*row(0, 0, 8, 0), 5], [*row(4, 1, 8, 2), 3]]]
    found = assign(assigner(), rows).track_labels
    assert found.tolist() == [[0, COLUMNS + 4], [5, 3], [0, 2]]


def test_without_truths_nothing_is_matched():
    found = assign(assigner(), np.zeros((2, 0, 5)))
    assert (found.truths, found.matches, found.rounds, found.labels) == (0, 0, (), 0)
    assert found.truth_boxes.shape == (2, 0, 4)
