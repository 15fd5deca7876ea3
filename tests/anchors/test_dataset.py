"""The box sizes of a data set in pixels of the network's input."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from darknet_torch.anchors.dataset import measure_box_sizes
from darknet_torch.datasets.examples import DataSet, Example, Labels
from darknet_torch.errors import ImageError, UsageError


def example(boxes, difficult=None, path="missing.png", size=(100, 200)):
    boxes = [(0.5, 0.5, *box) for box in boxes]
    return Example(Path(path), Labels.from_arrays([0] * len(boxes), boxes, difficult), size)


def data_set(*examples):
    return DataSet(examples, ("thing",), "here.data")


BOXES = [(0.5, 0.25), (0.1, 0.2)]


def test_stretched_boxes_fill_their_part_of_the_input():
    found = measure_box_sizes(data_set(example(BOXES)), 64, 32).boxes
    np.testing.assert_allclose(found.values.T, [(3.2, 12.8), (16, 16)], rtol=1e-6)


@pytest.mark.parametrize("size", [(100, 200), None])
def test_letterboxed_boxes_keep_the_aspect_of_the_picture(size, tmp_path):
    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), np.zeros((100, 200, 3), np.uint8))
    found = measure_box_sizes(
        data_set(example(BOXES, path=path, size=size)), 64, 32, letterbox=True
    ).boxes
    # 200 x 100 pixels fit into a width of 32 as 32 x 16.
    np.testing.assert_allclose(found.values.T, [(3.2, 3.2), (16, 4)], rtol=1e-6)


def test_a_letterboxed_picture_of_unknown_size_must_exist():
    missing = data_set(example(BOXES, size=None))
    assert len(measure_box_sizes(missing, 64, 32).boxes) == 2
    with pytest.raises(ImageError, match=r"missing\.png"):
        measure_box_sizes(missing, 64, 32, letterbox=True)


def test_boxes_that_are_left_out_are_counted():
    boxes = [*BOXES, (0, 0.5), (0.2, -0.1), (0.3, 0.3), (0.1, 0.2)]
    marks = [False, False, False, False, True, False]
    found = measure_box_sizes(data_set(example(boxes, marks), Example(Path("x"), None)), 10, 10)
    assert (found.difficult, found.boxes.box_count) == (1, 3)
    assert found.boxes.counts.tolist() == [2, 1]


def test_a_data_set_without_boxes_is_an_error():
    with pytest.raises(UsageError, match=r"here\.data: no boxes.*1 pictures, 0 difficult.*check"):
        measure_box_sizes(data_set(example([(0, 0)])), 10, 10)
