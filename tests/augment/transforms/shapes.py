"""Pictures with one bright shape on black, and the box that thresholding finds."""

import cv2
import numpy as np

from darknet_torch.augment.transforms.labelled_image import LabelledImage

SIZE = (160, 200)  # height, width


def found_box(image, threshold=128):
    """[4] left, top, right, bottom of the bright pixels."""
    rows, columns = np.nonzero(image.max(2) >= threshold)
    return np.array((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), float)


def picture_of(kind, level=255):
    """A labelled picture with a "rectangle", a "turned" rectangle or an "ellipse"."""
    image = np.zeros((*SIZE, 3), np.uint8)
    colour = (level,) * 3
    if kind == "rectangle":
        image[60:100, 70:130] = level
    elif kind == "turned":
        corners = cv2.boxPoints(((95, 85), (60, 30), 25)).astype(np.int32)
        cv2.fillPoly(image, [corners], colour)
    else:
        cv2.ellipse(image, (105, 75), (36, 24), 0, 0, 360, colour, cv2.FILLED)
    return LabelledImage(image, found_box(image)[None], np.array((3,)), np.arange(1))


def iou(box, other):
    """The overlap of two boxes [4]."""
    inside = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    shared = inside.clip(0).prod()
    return shared / (np.prod(box[2:] - box[:2]) + np.prod(other[2:] - other[:2]) - shared)
