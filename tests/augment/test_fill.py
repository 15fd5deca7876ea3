"""[net] fill= in training: the colour of padding, which without it is that of the C code."""

from types import SimpleNamespace

import numpy as np
import pytest

from darknet_torch.augment.cells import CellAugmentation, CellSource
from darknet_torch.augment.classification import ClassificationAugmentation, ClassificationSource
from darknet_torch.augment.detection import DetectionAugmentation, DetectionSource
from darknet_torch.augment.source import SampleRequest, as_floats
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.preprocessing import IMAGENET_MEAN
from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.media.images import write_picture

HEAD = SimpleNamespace(classes=1, max=4, jitter=0.5, resize=1.0, side=2)
PICTURE_COLOUR = (1.0, 0.0, 0.0)  # red
COLOURS = {"0.5": (0.5,) * 3, "imagenet": IMAGENET_MEAN, "picture": PICTURE_COLOUR}
LEVEL = 1 / 255


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "red.png"
    write_picture(path, np.full((40, 60, 3), (0, 0, 255), np.uint8))
    return path


def net(fill, **options):
    return NetOptions(batch=1, width=64, height=64, channels=3, fill=fill, **options)


def padding(source):
    """The pixels of some samples that are neither the picture's nor where it fades to black.

    pjreddie's place_image takes what is beyond the last row and column for black.
    """
    slots = tuple(range(8))
    images = as_floats(source.load(SampleRequest(0, 0, slots, 64, 64)).images)
    pixels = images.transpose(0, 2, 3, 1).reshape(-1, 3)
    red = (pixels[:, 0] > LEVEL) & (pixels[:, 1:] < LEVEL).all(1)
    return pixels[~red]


def detection(path, fill, dialect=ALEXEYAB, augment=True, **options):
    settings = DetectionAugmentation.from_options(
        net(fill, **options), HEAD, dialect, augment=augment
    )
    return DetectionSource.from_examples([Example(path, Labels.empty())], settings)


def cells(path, fill, augment=True, **options):
    settings = CellAugmentation.from_options(net(fill, **options), HEAD, ALEXEYAB, augment=augment)
    return CellSource.from_examples([Example(path, Labels.empty())], settings)


def classification(path, fill, augment=True, **options):
    options = {"angle": 45.0, "min_crop": 64, "max_crop": 64} | options
    settings = ClassificationAugmentation.from_options(
        net(fill, **options), 1, ALEXEYAB, augment=augment
    )
    pictures = ClassifiedPictures((path,), (0,), ("red",), ("red",), "here")
    return ClassificationSource.from_pictures(pictures, settings)


CASES = {
    "crop": detection,
    "letterbox": lambda path, fill: detection(path, fill, letter_box=True),
    "pjreddie": lambda path, fill: detection(path, fill, PJREDDIE),
    "cells": cells,
    "rotation": classification,
    "detector without augmentation": lambda path, fill: detection(
        path, fill, augment=False, letter_box=True
    ),
    "cells without augmentation": lambda path, fill: cells(
        path, fill, augment=False, letter_box=True
    ),
    "classifier without augmentation": lambda path, fill: classification(
        path, fill, augment=False, letter_box=True
    ),
}
# What the C code fills with, where that differs from the picture's colour.
OF_C = {"pjreddie": (0.5,) * 3, "rotation": (0.0,) * 3} | {
    name: (0.5,) * 3 for name in CASES if "without" in name
}


@pytest.mark.parametrize("fill", ["", *COLOURS])
@pytest.mark.parametrize("name", CASES)
def test_padding_has_the_colour(picture, name, fill):
    found = padding(CASES[name](picture, fill))
    colour = COLOURS[fill] if fill else OF_C.get(name, PICTURE_COLOUR)
    if colour == PICTURE_COLOUR:
        assert not len(found)
    else:  # where padding meets the picture, pixels may be in between
        alike = np.abs(found - colour).max(1) <= LEVEL
        assert alike.mean() > 0.6
