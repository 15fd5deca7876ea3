"""Batches of pictures: their order, their size and unreadable pictures."""

import cv2
import numpy as np
import pytest

from darknet_torch.media.frame_batches import picture_batches
from tests.media.picture_files import JPEG


@pytest.fixture
def pictures(tmp_path):
    paths = []
    for shade in range(7):
        paths.append(tmp_path / f"{shade}.png")
        cv2.imwrite(str(paths[-1]), np.full((2, 3, 3), shade, np.uint8))
    paths[4].write_bytes(b"no picture")
    return paths


@pytest.mark.parametrize("workers", [0, 1, 5])
@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_every_picture_comes_once_and_in_order_and_errors_are_reported(pictures, size, workers):
    batches = list(picture_batches(pictures, size=size, workers=workers))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    indices = [place for batch in batches for place in batch.indices]
    assert indices == [0, 1, 2, 3, 5, 6]
    shades = [int(image[0, 0, 0]) for batch in batches for image in batch.images]
    assert shades == indices
    (error,) = [error for batch in batches for error in batch.errors]
    assert error.where == pictures[4]


def test_no_pictures_give_no_batches():
    assert list(picture_batches([], size=3, workers=2)) == []


def test_a_damaged_picture_is_read_and_reported_in_order(tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(4)]
    for path in paths:
        path.write_bytes(JPEG[:-2] if path.stem in "13" else JPEG)
    messages = []
    batches = list(picture_batches(paths, size=3, workers=2, report=messages.append))
    assert [len(batch.frames) for batch in batches] == [3, 1]
    assert [message.split(": the picture")[0] for message in messages] == [
        f"warning: {paths[1]}",
        f"warning: {paths[3]}",
    ]
