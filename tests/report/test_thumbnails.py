import cv2
import numpy as np
import pytest

from darknet_torch.report.thumbnails import MOST_BYTES, thumbnail


def _noise(height, width):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), (1, 1)),
        ((10, 20000), (1, 480)),
        ((20000, 10), (480, 1)),
        ((200, 300), (200, 300)),
    ],
)
def test_sizes(size, expected):
    data = thumbnail(np.full((*size, 3), 90, np.uint8))
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2] == expected


@pytest.mark.parametrize("size", [(480, 480), (1000, 1500)])
def test_noise_fits(size):
    data = thumbnail(_noise(*size))
    assert len(data) <= MOST_BYTES
    assert max(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape) >= 160


def test_a_smooth_picture_keeps_its_size_and_colours():
    image = cv2.resize(_noise(3, 4), (960, 720), interpolation=cv2.INTER_CUBIC)
    decoded = cv2.imdecode(np.frombuffer(thumbnail(image), np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (360, 480, 3)
    expected = cv2.resize(image, (480, 360), interpolation=cv2.INTER_AREA)
    # JPEG of quality 80 changes smooth colours by a few of 255 steps.
    assert np.abs(decoded.astype(int) - expected).mean() < 4
