import json
import re

import numpy as np
import pytest

from darknet_torch.datasets.opening import open_splits
from darknet_torch.datasets.statistics import compute_statistics
from tests.datasets.tiny_datasets import darknet, voc, voc_object


def found(tmp_path):
    # In a picture of 200 x 100 pixels: 20 x 10, 100 x 50, 200 x 100.
    lines = ["0 .5 .5 .1 .1\n0 .5 .5 .5 .5", "1 .5 .5 1 1", "", None]
    return compute_statistics(open_splits([darknet(tmp_path, lines)]))


def test_pictures_boxes_and_sizes_are_counted(tmp_path):
    (split,) = found(tmp_path)
    numbers = split.to_dict()
    assert (numbers["pictures"], numbers["boxes"]) == (4, 3)
    assert (numbers["without_objects"], numbers["without_labels"]) == (2, 1)
    assert numbers["classes"] == [
        {"class_id": 0, "name": "cat", "boxes": 2, "pictures": 1},
        {"class_id": 1, "name": "dog", "boxes": 1, "pictures": 1},
    ]
    assert numbers["sizes"] == {"small": 1, "medium": 1, "large": 1}
    assert numbers["width"] == {
        "minimum": 0.1,
        "p10": pytest.approx(0.18),
        "median": 0.5,
        "p90": pytest.approx(0.9),
        "maximum": 1.0,
        "mean": pytest.approx(1.6 / 3),
    }
    assert numbers["boxes_per_picture"]["mean"] == 0.75
    assert json.loads(json.dumps(numbers)) == numbers


def test_the_summary_lines(tmp_path):
    (split,) = found(tmp_path)
    first, cat, dog, sizes, *_, ratio = split.lines()
    assert first == (
        "train: 4 pictures (2 without objects, 1 without labels), 3 boxes (0 difficult)"
    )
    assert re.split(" +", cat.strip()) == ["cat", "2", "boxes", "1", "pictures"]
    assert re.split(" +", dog.strip()) == ["dog", "1", "boxes", "1", "pictures"]
    assert sizes == "  1 small, 1 medium, 1 large"
    assert ratio.startswith("  width to height: minimum 1, ")


def test_difficult_and_zero_size_boxes_are_counted_too(tmp_path):
    objects = voc_object((5, 5, 9, 5)) + voc_object((5, 5, 9, 9), difficult=1)
    (split,) = compute_statistics(open_splits([voc(tmp_path, [objects])]))
    numbers = split.to_dict()
    assert (numbers["boxes"], numbers["difficult"]) == (2, 1)
    assert numbers["width_to_height"]["maximum"] == 0.5  # 4 / 200 to 4 / 100; the flat has none


def test_a_data_set_without_boxes_has_statistics(tmp_path):
    (split,) = compute_statistics(open_splits([darknet(tmp_path, [""])]))
    assert split.to_dict()["width"] == {}
    assert len(split.lines()) == 8


def test_boxes_of_missing_pictures_are_counted_apart_with_the_reason(tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 .1 .1", "1 .5 .5 .5 .5"])
    (tmp_path / "train/train0.png").unlink()
    (split,) = compute_statistics(open_splits([data]))
    assert split.sizes == {"small": 0, "medium": 1, "large": 0}
    assert split.to_dict()["without_size"] == 1
    assert "  0 small, 1 medium, 0 large, 1 in pictures of unknown size" in split.lines()
    assert [str(problem) for problem in split.problems] == [
        f"{tmp_path}/train/train0.png: no such picture"
    ]
    np.testing.assert_array_equal(split.boxes, [[0.5, 0.5, 0.1, 0.1], [0.5, 0.5, 0.5, 0.5]])
