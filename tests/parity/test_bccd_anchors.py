"""Anchors of a data set, compared with the average IoU that AlexeyAB's calc_anchors printed."""

import pytest

from darknet_torch.anchors.dataset import measure_box_sizes
from darknet_torch.anchors.kmeans import VARIANTS, cluster
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.datasets.opening import open_dataset

PRINTED = 0.8589  # 6 anchors, 224 x 224, train


@pytest.fixture(scope="module")
def boxes(reference):
    folder = reference.parent / "datasets" / "bccd"
    if not folder.is_dir():
        pytest.skip("no data set bccd next to the recorded results")
    return measure_box_sizes(open_dataset(folder, split="train"), 224, 224).boxes


def fits(boxes, variant, seeds=range(10)):
    return [
        measure_fit(boxes, cluster(boxes, 6, variant=variant, seed=seed)).average_iou
        for seed in seeds
    ]


def test_every_seed_reaches_the_average_iou_of_darknet(boxes):
    assert boxes.box_count == 2804  # of 2805; one has no width
    assert min(fits(boxes, "median")) >= PRINTED


def test_the_default_is_the_best_variant(boxes):
    means = {variant: sum(fits(boxes, variant)) for variant in VARIANTS}
    assert max(means, key=means.get) == "median"
