"""The boxes that a detector can use."""

from pathlib import Path

from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.training.box_counts import count_boxes

INSIDE, OUTSIDE, EMPTY = (0.5, 0.5, 0.2, 0.2), (1.5, 0.5, 0.2, 0.2), (0.5, 0.5, 0, 0.2)
PIXELS = (80, 60, 40, 40)


def labelled(ids, boxes):
    return Example(Path("a.png"), Labels.from_arrays(ids, boxes), label_file=Path("a.txt"))


def counts(ids, boxes=None, classes=3):
    return count_boxes([labelled(ids, boxes or [INSIDE] * len(ids))], classes)


def test_each_unusable_box_has_one_reason():
    found = counts([0, 3, -1, 1, 2, 2], [INSIDE, INSIDE, OUTSIDE, OUTSIDE, EMPTY, EMPTY])
    assert (found.total, found.usable) == (6, 1)
    assert str(found) == (
        "6 boxes (class ids -1..3): 2 x class id, 2 x zero size, 1 x box outside"
    )


def test_boxes_in_pixels_are_called_so():
    assert str(counts([0, 1], [PIXELS] * 2)) == "2 boxes (class ids 0..1): 2 x in pixels"


def test_no_boxes_and_usable_boxes():
    assert str(count_boxes([Example(Path("a.png"), None)], 3)) == "no boxes"
    assert count_boxes([], 3).usable == 0
    assert str(counts([0, 1])) == "2 boxes (class ids 0..1): all usable"


def test_ids_from_1_need_the_highest_class_and_none_of_class_0():
    assert counts([1, 3, 2]).seem_to_count_from_one
    assert counts([1], classes=1).seem_to_count_from_one
    for ids in ([0, 3], [1, 2], [1, 4], []):
        assert not counts(ids).seem_to_count_from_one
