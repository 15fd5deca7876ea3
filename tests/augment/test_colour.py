import cv2
import numpy as np
import pytest

from darknet_torch.augment.colour import ColourChange, ColourRange, distort, distort_bytes
from darknet_torch.cfg.net import NetOptions
from tests.augment.darknet_rules import distort_pixel

CHANGES = [
    ColourChange(0.1, 1.5, 0.7),
    ColourChange(-0.2, 0.6, 1.4),
    ColourChange(0.49, 1.0, 1.0),
    ColourChange(-0.49, 3.0, 2.0),
]


def picture(shape=(20, 30, 3)):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("colour", CHANGES)
def test_uint8_colours_change_as_with_opencv_arithmetic(colour):
    hsv = [plane.copy() for plane in cv2.split(cv2.cvtColor(picture(), cv2.COLOR_BGR2HSV))]
    hue = cv2.add(hsv[0], 179 * colour.hue)
    saturation = cv2.convertScaleAbs(hsv[1], alpha=colour.saturation)
    exposure = cv2.convertScaleAbs(hsv[2], alpha=colour.exposure)
    merged = cv2.merge((hue, saturation, exposure))
    expected = cv2.cvtColor(merged, cv2.COLOR_HSV2BGR)
    np.testing.assert_array_equal(distort_bytes(picture(), colour), expected)


@pytest.mark.parametrize("colour", CHANGES)
def test_float_colours_change_as_in_darknet(colour):
    image = picture() / np.float32(255)
    image[0, 0], image[0, 1], image[0, 2] = 0, 1, 0.5
    found = distort(image, colour)
    assert found.dtype == np.float32
    expected = [
        [distort_pixel(pixel, colour.hue, colour.saturation, colour.exposure) for pixel in row]
        for row in image.astype(float)
    ]
    # cv2 computes in float32, a hue in degrees.
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("change", [distort_bytes, distort])
def test_the_identity_change_keeps_the_picture(change):
    image = picture() if change is distort_bytes else picture() / np.float32(255)
    np.testing.assert_array_equal(change(image, ColourChange()), image)


def test_grey_changes_by_the_exposure_only():
    grey = picture((5, 5))
    expected = np.minimum(np.rint(grey * 1.5), 255)
    np.testing.assert_array_equal(distort_bytes(grey, ColourChange(0.1, 2, 1.5)), expected)
    floats = grey / np.float32(255)
    np.testing.assert_allclose(
        distort(floats, ColourChange(0.1, 2, 1.5)), np.minimum(floats * 1.5, 1), rtol=1e-6
    )


def test_changes_are_drawn_from_the_whole_range():
    limits = ColourRange(0.1, 1.5, 2.0)
    random = np.random.default_rng(0)
    found = [limits.draw(random) for _ in range(2000)]
    hues, saturations, exposures = (
        np.array([getattr(colour, name) for colour in found])
        for name in ("hue", "saturation", "exposure")
    )
    assert -0.1 <= hues.min() < -0.098
    assert 0.098 < hues.max() <= 0.1
    assert 1 / 1.5 <= saturations.min() < 0.68
    assert 1.48 < saturations.max() <= 1.5
    assert 0.5 <= exposures.min() < 0.51
    assert 1.98 < exposures.max() <= 2
    # Half of the factors are above 1: 2000 draws differ from that by 45 in two of three cases.
    assert abs((exposures > 1).sum() - 1000) < 200


def test_a_factor_of_0_means_1():
    assert ColourRange.from_net(NetOptions(saturation=0, exposure=0)) == ColourRange()
