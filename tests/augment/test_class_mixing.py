import numpy as np
import pytest

from darknet_torch.augment.class_mixing import mix_parts, picture_count
from darknet_torch.augment.mixing import CUTMIX, CUTMIX_OR_MOSAIC, MIXUP, MOSAIC


def part(value):
    return np.full((4, 6, 3), value, np.float32), np.eye(4, dtype=np.float32)[value]


@pytest.mark.parametrize("mode", [0, MIXUP, CUTMIX, MOSAIC, CUTMIX_OR_MOSAIC])
def test_the_truths_are_the_fractions_of_each_picture(mode):
    parts = [part(value) for value in range(picture_count(mode))]
    image, truth = mix_parts(mode, parts, np.random.default_rng(0))
    if mode == MIXUP:
        expected = (0.5, 0.5, 0, 0)
        assert (image == 0.5).all()
    else:
        expected = [(image == value).mean() for value in range(4)]
    np.testing.assert_allclose(truth, expected, atol=1e-6)  # float32
