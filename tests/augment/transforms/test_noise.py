"""Noise, fog and blur, against their definitions."""

import numpy as np
import pytest

from darknet_torch.augment.transforms.noise import (
    blur,
    fog,
    gaussian_noise,
    motion_blur,
    multiplicative_noise,
)

GREY = np.full((80, 90, 3), 120, np.uint8)


@pytest.fixture
def random():
    return np.random.default_rng(0)


def dot():
    """A picture with one bright pixel in the middle."""
    image = np.zeros((21, 21, 3), np.uint8)
    image[10, 10] = 255
    return image


@pytest.mark.parametrize("deviation", [3, 20])
def test_gaussian_noise_has_its_deviation(random, deviation):
    noise = gaussian_noise(GREY, deviation, random).astype(float) - 120
    assert abs(noise.mean()) < deviation / 20
    assert abs(noise.std() / deviation - 1) < 0.05
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05


def test_multiplicative_noise_has_its_bounds(random):
    factors = multiplicative_noise(GREY, 0.8, 1.5, random) / 120
    assert factors.min() >= 0.8 - 1 / 240
    assert factors.max() <= 1.5 + 1 / 240
    assert abs(factors.mean() - 1.15) < 0.01
    assert abs(factors.std() - 0.7 / 12**0.5) < 0.01
    assert (multiplicative_noise(np.zeros_like(GREY), 0.5, 2, random) == 0).all()


def test_fog_blends_with_white_smoothly(random):
    share = (fog(GREY, 0.6, random).astype(float) - 120) / (255 - 120)
    assert share.min() >= 0.3 - 0.01
    assert share.max() <= 0.6 + 0.01
    assert share.std() > 0.02
    assert np.abs(np.diff(share, axis=0)).max() < 0.03
    assert (share[..., 0] == share[..., 2]).all()
    assert (fog(np.full_like(GREY, 255), 0.6, random) == 255).all()


@pytest.mark.parametrize("deviation", [0.5, 1.2])
def test_blur_is_a_gaussian(deviation):
    distance = np.arange(-10, 11)
    weights = np.exp(-(distance**2) / (2 * deviation**2))
    weights /= weights.sum()
    expected = 255 * np.outer(weights, weights)
    assert np.abs(blur(dot(), deviation) - expected[:, :, None]).max() < 1.6


def test_motion_blur_is_a_mean_along_its_line():
    across, down = motion_blur(dot(), 5, 0), motion_blur(dot(), 5, 90)
    assert (across[10, 8:13] == 51).all()
    assert across.sum() == 5 * 51 * 3
    assert np.array_equal(down, across.transpose(1, 0, 2))
    assert np.array_equal(motion_blur(dot(), 1, 30), dot())


def test_motion_blur_interpolates_and_keeps_the_light():
    slanted = motion_blur(dot(), 8, 30).astype(float)[..., 0]
    assert abs(slanted.sum() - 255) < 12  # rounded
    rows, columns = np.nonzero(slanted)
    slope = np.polyfit(columns, rows, 1, w=slanted[rows, columns])[0]
    assert abs(np.degrees(np.arctan(-slope)) - 30) < 6
