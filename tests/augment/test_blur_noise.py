import cv2
import numpy as np

from darknet_torch.augment.blur_noise import BlurNoise

ROWS = np.array(((0.5, 0.5, 0.5, 0.5, 0),), np.float32)


def picture():
    return np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)


def blurred_with_noise(blur=0, noise=0, rows=ROWS):
    return BlurNoise.apply(picture(), rows, blur, noise, np.random.default_rng(1))


def test_without_blur_and_noise_the_picture_is_unchanged():
    np.testing.assert_array_equal(blurred_with_noise(), picture())


def test_blur_1_blurs_the_background_only():
    found = blurred_with_noise(blur=1)
    expected = cv2.GaussianBlur(picture(), (17, 17), 0)
    expected[16:48, 20:60] = picture()[16:48, 20:60]
    np.testing.assert_array_equal(found, expected)


def test_a_larger_blur_applies_to_the_whole_picture():
    np.testing.assert_array_equal(
        blurred_with_noise(blur=3), cv2.GaussianBlur(picture(), (3, 3), 0)
    )


def test_the_kernel_is_at_most_an_eighth_of_the_smallest_object():
    expected = cv2.GaussianBlur(picture(), (5, 5), 0)  # of 32 pixels
    np.testing.assert_array_equal(blurred_with_noise(blur=31), expected)
    np.testing.assert_array_equal(blurred_with_noise(blur=31, rows=ROWS[:0]), picture())


def test_noise_brightens_by_half_a_normal_distribution():
    change = blurred_with_noise(noise=20).astype(int) - picture()
    assert change.min() == 0
    free = picture() < 128
    # Half of a normal distribution: the mean of |x| is 0.8 deviations, half of them 0.
    assert abs(change[free].mean() - 20 * 0.4) < 0.5
    assert 40 < change.max() <= 127


def test_blur_and_noise_are_drawn_with_their_probabilities():
    random = np.random.default_rng(0)
    drawn = [BlurNoise(blur=9, noise=30).draw(random) for _ in range(900)]
    blurs, noises = zip(*drawn, strict=True)
    # 900 draws: the standard deviation of each number is 14 (blur) and 15 (noise).
    assert {blur: abs(blurs.count(blur) - 300) < 70 for blur in (0, 1, 9)} == {
        0: True,
        1: True,
        9: True,
    }
    assert set(noises) == {0, 30}
    assert abs(noises.count(30) - 450) < 75
    assert BlurNoise().draw(random) == (0, 0)
