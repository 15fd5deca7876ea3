"""Transforms of colours, against their definitions."""

import colorsys

import cv2
import numpy as np
import pytest

from darknet_torch.augment.transforms.colour import (
    brightness_contrast,
    clahe,
    colour_jitter,
    posterize,
    rgb_shift,
    to_grey,
)

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 15, 3), np.uint8)


def as_bytes(values):
    return np.clip(np.rint(values), 0, 255)


@pytest.mark.parametrize(("brightness", "contrast"), [(0, 1), (0.2, 1), (-0.3, 1.4), (0.1, 0)])
def test_brightness_and_contrast(brightness, contrast):
    expected = as_bytes((IMAGE - 127.5) * contrast + 127.5 + brightness * 255)
    assert np.array_equal(brightness_contrast(IMAGE, brightness, contrast), expected)


def test_rgb_shift_adds_to_each_channel():
    expected = as_bytes(IMAGE.astype(float) + np.array((30, 5, -40)))  # blue, green, red
    assert np.array_equal(rgb_shift(IMAGE, -40, 5, 30), expected)


def test_grey_is_the_luma():
    grey = to_grey(IMAGE)
    expected = IMAGE.astype(float) @ (0.114, 0.587, 0.299)
    assert np.abs(grey - expected[:, :, None]).max() <= 0.51


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_posterize_keeps_the_upper_bits(bits):
    step = 2 ** (8 - bits)
    assert np.array_equal(posterize(IMAGE, bits), IMAGE // step * step)


@pytest.mark.parametrize(
    ("hue", "saturation", "value"),
    [
        (0, 1, 1),
        (0.25, 1, 1),
        (-0.4, 1, 1),
        (0, 0.5, 1),
        (0, 1.5, 1),
        (0, 1, 0.6),
        (0.1, 0.8, 1.2),
    ],
)
def test_colour_jitter_changes_hue_saturation_and_value(hue, saturation, value):
    changed = colour_jitter(IMAGE, hue, saturation, value)
    for before, after in zip(IMAGE.reshape(-1, 3), changed.reshape(-1, 3), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*(before[::-1] / 255))
        rgb = colorsys.hsv_to_rgb((h + hue) % 1, min(1, s * saturation), min(1, v * value))
        # Hue and saturation have 256 levels each: 6 / 256 and 2 / 256 of a channel.
        assert np.abs(np.array(rgb[::-1]) * 255 - after).max() < 9


def test_a_full_turn_is_no_turn():
    turned = colour_jitter(colour_jitter(IMAGE, 0.5, 1, 1), -0.5, 1, 1)
    assert np.abs(turned.astype(int) - IMAGE).max() < 14  # rounded twice


def test_clahe_equalises_the_lightness_alone():
    dark = np.clip(IMAGE // 8 + 60, 0, 255).astype(np.uint8)
    dark = cv2.resize(dark, (64, 64))
    before = cv2.cvtColor(dark, cv2.COLOR_BGR2LAB).astype(int)
    after = cv2.cvtColor(clahe(dark, 4.0, 2), cv2.COLOR_BGR2LAB).astype(int)
    assert after[..., 0].std() > 2 * before[..., 0].std()
    assert np.abs(after[..., 1:] - before[..., 1:]).mean() < 2


def test_one_tile_without_a_limit_is_a_histogram_equalisation():
    grey = np.repeat(np.repeat(np.arange(40, 80, dtype=np.uint8), 16)[:, None], 32, 1)
    made = clahe(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), 100, 1)
    lightness = cv2.cvtColor(made, cv2.COLOR_BGR2LAB)[..., 0].astype(float)
    share = (np.arange(40) + 1) / 40
    expected = np.repeat(share, 16)[:, None] * 255
    assert np.abs(lightness - expected).max() < 9  # up to half a level in 40


@pytest.mark.parametrize("tiles", [1, 8])
def test_clahe_takes_the_smallest_pictures(tiles):
    assert clahe(IMAGE[:1, :1], 2, tiles).shape == (1, 1, 3)
