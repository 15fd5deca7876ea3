"""The boxes and counts of two models, as the page shows them at each threshold."""

import cv2
import numpy as np
import pytest

from darknet_torch.datasets.examples import DataSet, Example, Labels
from darknet_torch.evaluation.threshold_curves import THRESHOLDS
from darknet_torch.report.disagreement_pictures import (
    box_kinds,
    class_counts,
    disagreement_pictures,
    picture_boxes,
)
from darknet_torch.report.relative_boxes import MOST_BOXES
from darknet_torch.report.two_models import ModelDetections, compare_models
from tests.report.test_disagreement import FAR, LEFT, NEAR, random_table, table

EMPTY = table()


def data_set(tmp_path, count=3, names=("cat", "dog")):
    paths = [tmp_path / f"{index}.png" for index in range(count)]
    for path in paths:
        cv2.imwrite(str(path), np.full((30, 40, 3), 90, np.uint8))
    labels = Labels.from_arrays([1], [LEFT])
    return DataSet(tuple(Example(path, labels) for path in paths), names, "pictures")


def compared(data, first, second, *, names=("cat", "dog"), others=("cat", "dog"), threshold=0.25):
    places = range(len(data.examples))
    models = (
        ModelDetections("a", "a.weights", names, first, places),
        ModelDetections("b", "b.weights", others, second, places),
    )
    return compare_models(*models, data, threshold)


def shown(boxes, threshold):
    """The boxes that the page shows: above the threshold, and not before they begin."""
    limit = np.float32(threshold)
    return [
        box
        for box in boxes
        if (box.score is None or np.float32(box.score) > limit)
        and (box.found_at is None or np.float32(box.found_at) <= limit)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_the_boxes_shown_are_as_many_as_are_counted(seed, tmp_path):
    random = np.random.default_rng(seed)
    found = compared(data_set(tmp_path), random_table(random, 30), random_table(random, 30))
    boxes = [box for picture in range(3) for box in picture_boxes(found, picture)[0]]
    labels = {kind.name: kind.label for kind in box_kinds(found)}
    for counts in class_counts(found):
        for index, threshold in enumerate(THRESHOLDS):
            kinds = [
                labels[box.kind]
                for box in shown(boxes, threshold)
                if counts.name in ("all", found.names[box.class_id]) and box.kind != "object"
            ]
            for column in ("both", "only a", "only b", "other class"):
                assert kinds.count(column) == counts.columns[column][index]


def test_the_columns_add_up(tmp_path):
    random = np.random.default_rng(3)
    found = compared(data_set(tmp_path), random_table(random, 30), random_table(random, 30))
    columns = {name: np.array(part) for name, part in class_counts(found)[-1].columns.items()}
    both = columns["detections of a"] + columns["detections of b"] - columns["both"]
    parts = columns["both"] + columns["only a"] + columns["only b"] + columns["other class"]
    assert (both == parts).all()
    assert columns["detections of a"][0] == 30


def test_pictures_with_the_most_disagreements_come_first(tmp_path):
    rows = [(0, 0, 0.9, LEFT), (2, 0, 0.9, LEFT), (2, 1, 0.9, FAR)]
    found = compared(data_set(tmp_path), table(*rows), table((0, 0, 0.8, NEAR)))
    pictures = disagreement_pictures(found)
    assert [picture.name[-5:] for picture in pictures] == ["2.png", "0.png", "1.png"]
    assert [(picture.width, picture.height) for picture in pictures] == [(40, 30)] * 3
    assert found.disagreements().tolist() == [0, 0, 2]
    kinds = [[box.kind for box in shown(picture.boxes, 0.25)] for picture in pictures]
    assert kinds == [["only first", "only first", "object"], ["both", "object"], ["object"]]


def test_the_threshold_decides_what_a_disagreement_is(tmp_path):
    tables = table((0, 0, 0.9, LEFT)), table((0, 0, 0.4, LEFT))
    low, high = (compared(data_set(tmp_path), *tables, threshold=at) for at in (0.3, 0.5))
    assert (low.disagreements()[0], high.disagreements()[0]) == (0, 1)


def test_only_the_best_boxes_of_a_picture_are_kept(tmp_path):
    rows = [(0, 0, 0.5 + index / 1000, FAR) for index in range(MOST_BOXES + 7)]
    boxes, left_out = picture_boxes(compared(data_set(tmp_path), table(*rows), EMPTY), 0)
    assert (len(boxes), left_out) == (MOST_BOXES + 1, 7)
    assert min(box.score for box in boxes if box.score) == pytest.approx(0.507)


class TestClasses:
    def test_classes_are_the_same_if_their_names_are(self, tmp_path):
        tables = table((0, 0, 0.9, LEFT)), table((0, 1, 0.9, LEFT), (0, 0, 0.7, FAR))
        found = compared(data_set(tmp_path), *tables, others=("bird", "cat"))
        assert found.names == ("cat", "dog", "bird")
        boxes = [(box.kind, box.class_id) for box in picture_boxes(found, 0)[0]]
        assert boxes == [("both", 0), ("only second", 2), ("object", 1)]
        assert [counts.name for counts in class_counts(found)] == ["cat", "bird", "all"]

    def test_a_data_set_without_names_has_those_of_the_first_model(self, tmp_path):
        data = data_set(tmp_path, names=("class 0", "class 1"))
        found = compared(data, EMPTY, EMPTY)
        assert (found.names, found.truths.class_ids.tolist()) == (("cat", "dog"), [1, 1, 1])

    def test_objects_of_classes_without_a_name_are_left_out(self, tmp_path):
        found = compared(data_set(tmp_path, names=("cat",)), EMPTY, EMPTY)
        assert len(found.truths) == 0
