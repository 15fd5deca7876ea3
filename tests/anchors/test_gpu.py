"""Nearest anchors in torch equal those of numpy bit for bit, on every available device."""

import numpy as np
import pytest
import torch

from darknet_torch.anchors.distances import iou_distance, nearest_by, squared_distance
from darknet_torch.anchors.gpu import NearestOnDevice
from darknet_torch.anchors.kmeans import VARIANTS, cluster
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.errors import UsageError

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
random = np.random.default_rng(0)
# Rounded, so that some boxes are equal and some anchors equally near.
BOXES = BoxSizes.from_sizes(np.exp(random.normal(3, 0.8, (3000, 2))).round() + 1)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("distance", [iou_distance, squared_distance])
def test_distances_equal_those_of_numpy_bit_for_bit(device, distance):
    nearest = NearestOnDevice(device, distance)
    for count in (1, 9, 2):
        anchors = BOXES.values.T[random.choice(len(BOXES), count)]
        anchors = np.concatenate((anchors, anchors))
        indices, distances = nearest(BOXES.values, anchors)
        expected_indices, expected = nearest_by(distance)(BOXES.values, anchors)
        np.testing.assert_array_equal(distances, expected)
        np.testing.assert_array_equal(indices, expected_indices)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_anchors_equal_those_of_numpy(device, variant):
    nearest = NearestOnDevice(device, VARIANTS[variant].distance)
    found = cluster(BOXES, 5, variant=variant, restarts=3, nearest=nearest)
    np.testing.assert_array_equal(found, cluster(BOXES, 5, variant=variant, restarts=3))


def test_a_missing_device_is_an_error():
    with pytest.raises(UsageError, match=r"cannot use device 'cuda:99'.*leave out --device"):
        NearestOnDevice("cuda:99", iou_distance)
