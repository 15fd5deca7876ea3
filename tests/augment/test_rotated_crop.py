import numpy as np
import pytest

from darknet_torch.augment.rotated_crop import CropRange
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import NetOptions

SIZE = 48


def rotated_crop(image, size, low, angle, aspect, dx, dy):
    """image.c random_augment_image, rotate_crop_image, with given draws."""
    height, width = image.shape[:2]
    shorter = height if height < width * aspect else int(width * aspect)
    s = low / shorter
    out = np.zeros((size, size, 3))
    for y in range(size):
        for x in range(size):
            across = (x - size / 2) / s * aspect + dx / s * aspect
            down = (y - size / 2) / s + dy / s
            rx = np.cos(angle) * across - np.sin(angle) * down + width / 2
            ry = np.sin(angle) * across + np.cos(angle) * down + height / 2
            column, row = int(np.floor(rx)), int(np.floor(ry))
            fx, fy = rx - column, ry - row
            for i, wy in ((row, 1 - fy), (row + 1, fy)):
                for j, wx in ((column, 1 - fx), (column + 1, fx)):
                    if 0 <= i < height and 0 <= j < width:
                        out[y, x] += wx * wy * image[i, j]
    return out


class FixedGenerator:
    """A random generator that returns given numbers."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def random(self):
        return self.numbers.pop(0)

    def integers(self, low, high=None):
        return self.numbers.pop(0)


@pytest.mark.parametrize("dialect", [ALEXEYAB, PJREDDIE])
def test_a_crop_matches_rotate_crop_image(dialect):
    image = np.random.default_rng(0).random((40, 60, 3), np.float32)
    net = NetOptions(width=24, height=24, channels=3, angle=20, aspect=1.5)
    crop = CropRange.from_net(net, dialect)
    # aspect 1 + 0.4 * 0.5 = 1.2, kept; side 30; angle -20 + 0.75 * 40 = 10; a shift of each kind
    found = crop.random_crop(image, FixedGenerator(0.4, 1, 30, 0.75, 0.25, 0.5), 24, 24)
    scale = 30 / 40
    room = 60 * scale / 1.2 - 24
    expected = rotated_crop(image, 24, 30, np.radians(10), 1.2, -room / 2 + 0.25 * room, 0)
    # OpenCV before version 5 takes places to 1/32 of a pixel, half of it along both axes.
    np.testing.assert_allclose(found, expected, atol=2 / 64)


def test_a_small_picture_is_centred_or_placed_at_random():
    image = np.ones((20, 20, 3), np.float32)
    net = NetOptions(width=40, height=40, channels=3, min_crop=20, max_crop=20)
    # No aspect, side 20, no angle, both shifts at their lower end.
    draws = (0, 1, 20, 0.5, 0, 0)
    centred, corner = (
        CropRange.from_net(net, dialect).random_crop(image, FixedGenerator(*draws), 40, 40)
        for dialect in (ALEXEYAB, PJREDDIE)
    )
    middle = np.zeros((40, 40, 3))
    middle[10:30, 10:30] = 1
    np.testing.assert_allclose(centred, middle, atol=1e-6)
    assert corner[20:, 20:].min() == pytest.approx(1)
    assert corner.sum() == pytest.approx(middle.sum())


@pytest.mark.parametrize(
    ("options", "dialect", "width", "expected"),
    [
        ({}, ALEXEYAB, SIZE, (SIZE, 2 * SIZE)),
        ({"min_crop": 30, "max_crop": 50}, ALEXEYAB, SIZE, (30, 50)),
        ({"min_ratio": 0.75, "max_ratio": 1.25}, PJREDDIE, SIZE, (36, 60)),
        ({"min_crop": 24, "max_crop": 96}, PJREDDIE, 2 * SIZE, (48, 192)),
    ],
)
def test_the_shorter_side_is_resized_to_between_min_crop_and_max_crop(
    options, dialect, width, expected
):
    net = NetOptions(width=SIZE, height=SIZE, channels=3, **options)
    crop = CropRange.from_net(net, dialect)
    bounds = []

    class Recorder(FixedGenerator):
        def integers(self, low, high=None):
            if high is not None:
                bounds.append((low, high - 1))
            return low if high is not None else 1

    crop.random_crop(np.ones((30, 30, 3), np.float32), Recorder(*[0.5] * 9), width, width)
    assert bounds == [expected]
