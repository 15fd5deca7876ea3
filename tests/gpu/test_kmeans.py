"""Anchors computed on the device equal those of numpy bit for bit."""

import numpy as np
import pytest

from darknet_torch.anchors.gpu import NearestOnDevice
from darknet_torch.anchors.kmeans import VARIANTS, cluster
from darknet_torch.anchors.sizes import BoxSizes

pytestmark = pytest.mark.cuda
random = np.random.default_rng(1)
# Rounded, so that some boxes are equal and some anchors equally near.
BOXES = BoxSizes.from_sizes(np.exp(random.normal(3, 0.8, (20_000, 2))).round() + 1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_anchors_equal_those_of_numpy(variant, device):
    nearest = NearestOnDevice(str(device), VARIANTS[variant].distance)
    found = cluster(BOXES, 9, variant=variant, restarts=2, nearest=nearest)
    np.testing.assert_array_equal(found, cluster(BOXES, 9, variant=variant, restarts=2))
