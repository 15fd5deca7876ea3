"""k-means of box sizes."""

import numpy as np
import pytest

from darknet_torch.anchors import DEFAULT_VARIANT, VARIANT_NAMES, kmeans
from darknet_torch.anchors.distances import BLOCK
from darknet_torch.anchors.kmeans import VARIANTS, cluster, sort_by_area
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.errors import UsageError

CENTRES = np.array([[10.0, 14.0], [40.0, 25.0], [90.0, 120.0]])


def clouds(number=300, seed=0, spread=0.05):
    """[3 * number, 2] sizes around CENTRES."""
    random = np.random.default_rng(seed)
    factors = np.exp(random.normal(0, spread, (number, 3, 2)))
    return (CENTRES * factors).reshape(-1, 2)


def test_the_names_of_the_variants_are_complete():
    assert tuple(VARIANTS) == VARIANT_NAMES
    assert DEFAULT_VARIANT in VARIANTS


@pytest.mark.parametrize("variant", VARIANTS)
def test_separate_clusters_are_found(variant):
    anchors = cluster(BoxSizes.from_sizes(clouds()), 3, variant=variant)
    # The mean of 300 draws with a deviation of 5 % is within 4 * 5 / sqrt(300) = 1.2 %.
    np.testing.assert_allclose(anchors, CENTRES, rtol=0.012)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_anchors(variant):
    boxes = BoxSizes.from_sizes(clouds(spread=0.8))
    first = cluster(boxes, 5, variant=variant, seed=3)
    np.testing.assert_array_equal(first, cluster(boxes, 5, variant=variant, seed=3))
    assert not np.array_equal(first, cluster(boxes, 5, variant=variant, seed=4, restarts=1))


@pytest.mark.parametrize(("variant", "middle"), [("mean", np.mean), ("median", np.median)])
def test_an_anchor_moves_to_the_mean_or_median_of_its_boxes(variant, middle):
    random = np.random.default_rng(0)
    # An odd number in each cluster, where the median is one of the boxes.
    offsets = np.array([0, 12, 24])[:, None, None]
    sizes = random.integers(1, 12, (3, 51, 2)) + offsets
    boxes = BoxSizes.from_sizes(sizes.reshape(-1, 2))
    owners = (boxes.values[0] > 12).astype(np.uint8) + (boxes.values[0] > 24)
    moved = VARIANTS[variant].centres(boxes).move(np.zeros((3, 2)), owners)
    np.testing.assert_allclose(moved, middle(sizes, 1), rtol=1e-12)


def test_as_many_anchors_as_sizes_equal_the_sizes():
    sizes = sort_by_area(np.array([[10.0, 30.0], [12.0, 31.0], [40.0, 20.0], [80.0, 60.0]]))
    anchors = cluster(BoxSizes.from_sizes(sizes), 4)
    np.testing.assert_array_equal(anchors, sizes)
    assert measure_fit(BoxSizes.from_sizes(sizes), anchors).average_iou == 1


def test_more_anchors_than_sizes_are_an_error():
    with pytest.raises(
        UsageError, match=r"cannot find 4 anchors for 2 different box sizes.*1 to 2"
    ):
        cluster(BoxSizes.from_sizes(np.array([[1, 2], [3, 4], [1, 2]])), 4)


def test_more_restarts_never_fit_worse():
    boxes = BoxSizes.from_sizes(clouds(spread=0.8))
    fits = [
        measure_fit(boxes, cluster(boxes, 6, restarts=count)).average_iou for count in (1, 3, 10)
    ]
    assert fits == sorted(fits)
    assert fits[0] < fits[-1]


def test_a_sample_of_many_sizes_fits_as_well(monkeypatch):
    boxes = BoxSizes.from_sizes(clouds(BLOCK, spread=0.5))
    assert len(boxes) > kmeans._SAMPLE
    sampled = measure_fit(boxes, cluster(boxes, 4, restarts=3)).average_iou
    monkeypatch.setattr(kmeans, "_SAMPLE", len(boxes))
    whole = measure_fit(boxes, cluster(boxes, 4, restarts=3)).average_iou
    # Both stop when ten rounds gain less than 1e-5, but from different initial anchors.
    assert sampled == pytest.approx(whole, abs=0.002)


def test_an_anchor_without_boxes_stays():
    centres = VARIANTS["median"].centres(BoxSizes.from_sizes(np.array([[2, 2], [4, 6], [8, 8]])))
    anchors = np.array([[3.0, 3.0], [50.0, 60.0], [9.0, 9.0]])
    moved = centres.move(anchors, np.array([0, 0, 2], np.uint8))
    np.testing.assert_array_equal(moved, [[2, 2], [50, 60], [8, 8]])
