"""A picture with its boxes: from labels and back."""

import numpy as np

from darknet_torch.augment.transforms.labelled_image import ADDED, LabelledImage
from darknet_torch.datasets.examples import Labels

IMAGE = np.zeros((100, 200, 3), np.uint8)


def test_boxes_are_clipped_and_those_without_a_size_left_out():
    labels = Labels.from_arrays(
        (1, 0, 2), ((0.1, 0.5, 0.4, 0.2), (0, 0, 0, 0), (0.5, 0.5, 0.5, 0.5))
    )
    picture = LabelledImage.from_labels(IMAGE, labels)
    assert np.allclose(picture.boxes, ((0, 40, 60, 60), (50, 25, 150, 75)))
    assert picture.class_ids.tolist() == [1, 2]
    assert picture.rows.tolist() == [0, 2]


def test_a_box_keeps_its_row():
    picture = LabelledImage(
        IMAGE, np.array(((50.0, 25, 150, 75),)), np.array((2,)), np.array((1,))
    )
    labels = picture.to_labels(3)
    assert labels.boxes.tolist() == [[0] * 4, [0.5] * 4, [0] * 4]
    assert labels.class_ids.tolist() == [0, 2, 0]


def test_added_boxes_are_numbered_anew():
    boxes = np.array(((50.0, 25, 150, 75), (0, 0, 20, 10)))
    picture = LabelledImage(IMAGE, boxes, np.array((2, 4)), np.full(2, ADDED))
    labels = picture.to_labels(1)
    assert labels.class_ids.tolist() == [2, 4]
    assert labels.boxes[1].tolist() == [0.05, 0.05, 0.1, 0.1]


def test_no_boxes():
    picture = LabelledImage.from_labels(IMAGE, Labels.empty())
    assert picture.boxes.shape == (0, 4)
    assert len(picture.to_labels(0)) == 0
