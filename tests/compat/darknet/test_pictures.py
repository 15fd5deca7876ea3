"""Creating, filling and reading an IMAGE."""

import gc

import pytest

import darknet_torch as dt
from darknet_torch.compat import darknet


def test_a_picture_owns_its_memory():
    image = darknet.make_image(4, 3, 2)
    assert (image.w, image.h, image.c) == (4, 3, 2)
    gc.collect()
    assert [image.data[place] for place in range(24)] == [0] * 24
    image.data[5] = 0.5
    assert image.data[5] == 0.5
    darknet.free_image(image)


def test_bytes_are_stored_channel_by_channel():
    image = darknet.make_image(2, 1, 3)
    darknet.copy_image_from_bytes(image, bytes((255, 0, 51, 0, 255, 102)))
    values = [image.data[place] for place in range(6)]
    assert values == pytest.approx([1, 0, 0, 1, 0.2, 0.4], abs=1e-7)  # float32
    darknet.rgbgr_image(image)
    values = [image.data[place] for place in range(6)]
    assert values == pytest.approx([0.2, 0.4, 0, 1, 1, 0], abs=1e-7)
    with pytest.raises(dt.UsageError, match="expected 6 for 2x1x3, got 5; resize the array"):
        darknet.copy_image_from_bytes(image, bytes(5))


def test_a_missing_picture_is_an_error():
    with pytest.raises(dt.ImageError, match="no such picture"):
        darknet.load_image(b"none.jpg", 0, 0)
