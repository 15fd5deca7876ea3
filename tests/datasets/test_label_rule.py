from pathlib import Path

import numpy as np
import pytest

from darknet_torch.datasets.examples import DataSet, Example, Labels, Problem
from darknet_torch.datasets.label_rule import (
    LABEL_FAULTS,
    find_wrong_boxes,
    leave_out_wrong_boxes,
)

GOOD = (0.5, 0.5, 0.2, 0.2)


def example(*boxes, ids=None, label_file="a.txt"):
    labels = Labels.from_arrays([0] * len(boxes) if ids is None else ids, boxes)
    return Example(Path("a.jpg"), labels, label_file=label_file and Path(label_file))


@pytest.mark.parametrize(
    ("kind", "box"),
    [
        ("box outside", (0, 0.5, 0.2, 0.2)),  # calc_anchors: x <= 0
        ("box outside", (-0.1, 0.5, 0.5, 0.5)),
        ("box outside", (0.5, 1.05, 0.2, 0.2)),
        ("box outside", (80, 60, 40, 40)),  # with a box that is no box in pixels
        ("zero size", (0.5, 0.5, 0, 0.2)),
        ("zero size", (0.5, 0.5, 0.2, -0.2)),
        ("zero size", (0.5, 0.5, 0.2, np.nan)),
        ("box too large", (0.5, 0.5, 1.02, 0.2)),
        ("box too large", (0.5, 0.5, 0.2, 40)),
        (None, (1, 1, 1, 1)),
        (None, (0.5, 0.5, 1.01, 0.2)),  # rounding to pixels
        (None, (0.99, 0.5, 0.2, 0.2)),  # Darknet trains on the part inside
        (None, (1e-6, 1e-6, 1e-6, 1e-6)),
    ],
)
def test_each_box_is_judged_by_itself(kind, box):
    wrong, found = find_wrong_boxes(example(GOOD, box), 1)
    assert wrong.tolist() == [False, kind is not None]
    assert [problem.kind for problem in found] == [kind] * (kind is not None)


@pytest.mark.parametrize(
    ("ids", "classes", "wrong"),
    [([-1, 0, 2], 2, [True, False, True]), ([-1, 5, 2**31 - 1], None, [True, False, True])],
)
def test_classes_that_do_not_exist_are_wrong(ids, classes, wrong):
    found, problems = find_wrong_boxes(example(GOOD, GOOD, GOOD, ids=ids), classes)
    assert found.tolist() == wrong
    assert {problem.kind for problem in problems} == {"class id"}


@pytest.mark.parametrize(
    "boxes",
    [[(80, 60, 40, 40)], [(20, 20, 60, 60), (1, 2, 0, 1)], [(2, 1, 1, 1), (300, 200, 600, 400)]],
)
def test_a_label_file_in_pixels_is_recognised(boxes):
    wrong, found = find_wrong_boxes(example(*boxes), 1)
    assert wrong.all()
    assert {problem.kind for problem in found} == {"in pixels"}
    assert "looks like pixels" in found[0].what


def test_boxes_of_other_formats_are_never_called_pixels():
    _, found = find_wrong_boxes(example((80, 60, 40, 40), label_file="a.xml"), 1)
    assert [problem.kind for problem in found] == ["box outside"]


def test_every_message_has_all_parts():
    boxes = [GOOD, (0.5, 0.5, 0, 0), (2, 2, 0.1, 0.1), (0.5, 0.5, 3, 3)]
    _, found = find_wrong_boxes(example(*boxes, ids=[9, 0, 0, 0]), 2)
    _, in_pixels = find_wrong_boxes(example((80, 60, 40, 40)), 2)
    assert {problem.kind for problem in (*found, *in_pixels)} == {one.kind for one in LABEL_FAULTS}
    for problem in (*found, *in_pixels):
        assert all((problem.where, problem.what, problem.expected, problem.got, problem.fix))
        assert "left out" in problem.what
    assert found[0].expected == "a class from 0 to 1"
    assert [problem.where for problem in found] == ["a.txt:1", "a.txt:2", "a.txt:3", "a.txt:4"]


def test_places_are_lines_or_numbers_of_boxes():
    boxes = [GOOD, (2, 2, 0.1, 0.1)]
    labels = Labels.from_arrays([0, 0], boxes, [False, True], numbers=[3, 7])
    lines = Example(Path("a.jpg"), labels, label_file=Path("a.txt"), difficult_file=Path("d.txt"))
    assert (lines.box_place(0), lines.box_place(1)) == ("a.txt:3", "d.txt:7")
    objects = Example(Path("a.jpg"), labels, label_file=Path("a.xml"))
    assert objects.box_place(1) == "a.xml: box 7"
    assert Example(Path("a.jpg"), labels).box_place(0) == "a.jpg: box 3"


def test_wrong_boxes_are_left_out_of_a_data_set_with_the_other_columns():
    sound, empty = example(GOOD), Example(Path("b.jpg"), None)
    labels = Labels.from_arrays(
        [0, 0], [(0.5, 0.5, 0, 0), GOOD], [0, 1], numbers=[1, 2], areas=[5, 6]
    )
    data = DataSet(
        (sound, Example(Path("c.jpg"), labels), empty),
        ("cat",),
        "here",
        problems=(Problem("earlier", "x", "y"),),
    )
    found = leave_out_wrong_boxes(data)
    assert found.examples[0] is sound and found.examples[2] is empty
    kept = found.examples[1].labels
    assert (kept.boxes.tolist(), kept.difficult.tolist()) == ([list(GOOD)], [True])
    assert (kept.numbers.tolist(), kept.areas.tolist()) == ([2], [6])
    assert [problem.kind for problem in found.problems] == ["earlier", "zero size"]
    assert leave_out_wrong_boxes(found).problems == found.problems


def test_the_number_of_classes_is_that_of_the_network_if_given():
    data = DataSet((example(GOOD, ids=[1]),), ("cat", "dog"), "here")
    assert leave_out_wrong_boxes(data).problems == ()
    (problem,) = leave_out_wrong_boxes(data, 1).problems
    assert problem.expected == "a class from 0 to 0"


def test_a_data_set_without_pictures_stays_empty():
    assert leave_out_wrong_boxes(DataSet((), (), "here")).examples == ()
