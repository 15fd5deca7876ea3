"""Tables of detections and objects."""

from pathlib import Path

import numpy as np

from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.evaluation.records import DetectionTable, collect_truths

BOXES = np.array([[0.1, 0.1, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2]])


def test_detections_are_listed_box_by_box_and_then_class_by_class():
    table = DetectionTable.from_picture(7, BOXES, np.array([[0.0, 0.5], [0.75, 0.25]]))
    assert table.pictures.tolist() == [7, 7, 7]
    assert table.class_ids.tolist() == [1, 0, 1]
    assert table.scores.tolist() == [0.5, 0.75, 0.25]
    np.testing.assert_array_equal(table.boxes, np.float32(BOXES[[0, 1, 1]]))


def test_equal_scores_keep_their_order_when_sorted():
    table = DetectionTable.from_picture(0, BOXES, np.array([[0.5, 0.5], [0.75, 0.0]]))
    assert table.by_score().class_ids.tolist() == [0, 0, 1]


def test_joining_no_tables_gives_an_empty_one():
    assert len(DetectionTable.join([])) == 0


def test_a_picture_without_labels_has_no_objects():
    examples = [
        Example(Path("a.jpg"), None, (1, 1)),
        Example(Path("b.jpg"), Labels.from_arrays([1, 0], BOXES), (1, 1)),
    ]
    truths = collect_truths(examples)
    assert truths.pictures.tolist() == [1, 1]
    assert truths.count(3).tolist() == [1, 1, 0]
