"""The boxes that a detector can use."""

from darknet_torch.datasets.examples import Labels
from darknet_torch.training.box_counts import count_boxes

INSIDE, OUTSIDE, EMPTY = (0.5, 0.5, 0.2, 0.2), (3, 0.5, 0.2, 0.2), (0.5, 0.5, 0, 0.2)


def counts(ids, boxes=None, classes=3):
    return count_boxes([Labels.from_arrays(ids, boxes or [INSIDE] * len(ids))], classes)


def test_each_unusable_box_has_one_reason():
    found = counts([0, 3, -1, 1, 5, 2], [INSIDE, INSIDE, OUTSIDE, OUTSIDE, EMPTY, EMPTY])
    assert (found.total, found.usable) == (6, 1)
    assert str(found) == (
        "6 boxes: 3 of unknown classes (ids -1..5), 1 outside of their pictures, "
        "1 without width or height"
    )


def test_no_boxes_and_usable_boxes():
    assert str(count_boxes([Labels.empty()], 3)) == "no boxes"
    assert count_boxes([], 3).usable == 0
    assert str(counts([0, 1])) == "2 boxes: all usable"


def test_ids_from_1_need_the_highest_class_and_none_of_class_0():
    assert counts([1, 3, 2]).seem_to_count_from_one
    assert counts([1], classes=1).seem_to_count_from_one
    for ids in ([0, 3], [1, 2], [1, 4], []):
        assert not counts(ids).seem_to_count_from_one
