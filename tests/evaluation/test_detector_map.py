"""Darknet's mAP of a detector, as one number."""

import cv2
import numpy as np
import pytest

from darknet_torch.datasets.examples import DataSet, Example, Labels
from darknet_torch.errors import UsageError
from darknet_torch.evaluation.detector_map import detector_map
from darknet_torch.results.filtered_boxes import FilteredBoxes

BOX = (0.5, 0.5, 0.4, 0.4)


class ClassFromBrightness:
    """A detector of one box per picture: class 1 in bright ones, class 0 in dark ones."""

    threshold, nms_threshold = 0.25, 0.45

    def predict(self, images):
        return [int(image.mean() > 128) for image in images]

    def filter_boxes(self, predicted, index, threshold=None):
        scores = np.zeros((1, 2))
        scores[0, predicted[index]] = 0.9
        return FilteredBoxes(np.array([BOX]), scores, scores)


def make_data_set(folder, levels, classes):
    examples = []
    for place, (level, class_id) in enumerate(zip(levels, classes, strict=True)):
        path = folder / f"{place}.png"
        cv2.imwrite(str(path), np.full((4, 4, 3), level, np.uint8))
        examples.append(Example(path, Labels.from_arrays([class_id], [BOX])))
    return DataSet(tuple(examples), ("dark", "bright"), "data")


def measure(data_set, **options):
    return detector_map(ClassFromBrightness(), data_set, data_set.names, workers=1, **options)


@pytest.mark.parametrize(
    ("levels", "classes", "expected"),
    [
        ([0, 255, 255], [0, 1, 1], 1.0),
        ([0, 255, 255], [1, 0, 0], 0.0),
        ([0, 0], [0, 1], 0.5),  # class 0 is found, class 1 never
    ],
)
def test_boxes_of_the_right_class_count(tmp_path, levels, classes, expected):
    done = []
    data_set = make_data_set(tmp_path, levels, classes)
    assert measure(data_set, advance=done.append).mean == pytest.approx(expected)
    assert sum(done) == len(levels)


def test_pictures_that_cannot_be_read_are_left_out(tmp_path):
    data_set = make_data_set(tmp_path, [0, 255, 255], [0, 1, 1])
    data_set.examples[2].path.write_bytes(b"no picture")
    assert measure(data_set).mean == pytest.approx(1)
    for example in data_set.examples:
        example.path.write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"^data: no picture can be read"):
        measure(data_set)
