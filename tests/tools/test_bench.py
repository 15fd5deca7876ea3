"""Helpers of the benchmarks."""

import numpy as np

from tools.bench import kmeans_by_rows

SIZES = np.random.default_rng(0).uniform(1, 100, (60, 2))


def test_the_peer_of_kmeans_ends_with_medians_of_the_nearest_boxes():
    anchors, rounds = kmeans_by_rows(SIZES, 3, 100)
    assert 1 < rounds < 100
    shared = np.minimum(SIZES[:, None], anchors).prod(2)
    ious = shared / (SIZES.prod(1)[:, None] + anchors.prod(1) - shared)
    medians = [np.median(SIZES[ious.argmax(1) == number], 0) for number in range(3)]
    np.testing.assert_allclose(anchors, medians)


def test_the_peer_of_kmeans_stops_after_the_given_rounds():
    assert kmeans_by_rows(SIZES, 3, 2)[1] == 2
