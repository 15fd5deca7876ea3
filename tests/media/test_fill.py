"""The colour of what no picture covers."""

import numpy as np
import pytest

from darknet_torch.cfg.preprocessing import FILLS, IMAGENET_MEAN
from darknet_torch.media.fill import fill_bytes, fill_colour
from darknet_torch.media.images import classifier_input, input_placement, network_input

PICTURE = np.zeros((4, 8, 3), np.uint8)
PICTURE[:, :4] = 30, 60, 90  # blue, green, red
PICTURE[:, 4:] = 50, 100, 210
MEAN = np.array((150, 80, 40)) / 255  # red, green, blue
COLOURS = {"0.5": (0.5, 0.5, 0.5), "imagenet": IMAGENET_MEAN, "picture": MEAN}


def test_there_is_a_colour_of_every_word():
    assert tuple(COLOURS) == FILLS


@pytest.mark.parametrize("fill", FILLS)
def test_colours_are_red_green_blue_in_0_to_1(fill):
    for image in (PICTURE, PICTURE.astype(np.float32) / np.float32(255)):
        np.testing.assert_allclose(fill_colour(fill, image), COLOURS[fill], rtol=1e-5)
    np.testing.assert_allclose(fill_bytes(fill, PICTURE), 255 * np.array(COLOURS[fill][::-1]))


def test_of_grey_pictures_they_are_grey():
    grey = np.full((2, 2), 51, np.uint8)
    assert fill_colour("0.5", grey) == (0.5,)
    assert fill_colour("picture", grey) == fill_colour("picture", grey[:, :, None]) == (0.2,)
    (value,) = fill_colour("imagenet", grey)
    assert value == pytest.approx(0.299 * 0.485 + 0.587 * 0.456 + 0.114 * 0.406)


@pytest.mark.parametrize("fill", FILLS)
def test_margins_have_the_colour_and_the_picture_is_as_before(fill):
    placed = input_placement(PICTURE, 8, 8, letterbox=True)
    found, plain = network_input(PICTURE, placed, fill=fill), network_input(PICTURE, placed)
    expected = np.broadcast_to(np.array(COLOURS[fill])[:, None, None], (3, 2, 8))
    for margin in (found[:, :2], found[:, 6:]):
        np.testing.assert_allclose(margin, expected, rtol=1e-6)
    np.testing.assert_array_equal(found[:, 2:6], plain[:, 2:6])
    classified = classifier_input(PICTURE, 8, 8, channels=3, letterbox=True, fill=fill)
    np.testing.assert_array_equal(classified, found)


@pytest.mark.parametrize("fill", FILLS)
def test_margins_of_grey_networks(fill):
    placed = input_placement(PICTURE, 8, 8, letterbox=True)
    found = network_input(PICTURE, placed, channels=1, fill=fill)
    grey = np.array((0.299, 0.587, 0.114)) @ np.array(COLOURS[fill])
    np.testing.assert_allclose(found[0, 0], grey, atol=1 / 255)


def test_a_picture_without_margins_needs_no_colour(monkeypatch):
    monkeypatch.setattr("darknet_torch.media.images.fill_colour", None)
    placed = input_placement(PICTURE, 8, 8, letterbox=False)
    assert network_input(PICTURE, placed, fill="picture").shape == (3, 8, 8)
