"""The different sizes of boxes."""

import numpy as np
import pytest

from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.errors import UsageError

SIZES = np.array([[10, 20], [20, 10], [30, 30], [10, 20], [3, 90]], np.float64)


def test_sizes_are_sorted_and_counted():
    boxes = BoxSizes.from_sizes(SIZES)
    assert boxes.values.T.tolist() == [[3, 90], [10, 20], [20, 10], [30, 30]]
    assert boxes.counts.tolist() == [1, 2, 1, 1]
    assert (len(boxes), boxes.box_count) == (4, 5)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (np.empty((0, 2)), "no boxes"),
        ([[3, 0]], "without a size"),
        ([[-3, 1]], "without a size"),
        ([[np.nan, 1]], "without a size"),
    ],
)
def test_missing_and_invalid_sizes_are_an_error(sizes, message):
    with pytest.raises(UsageError, match=message):
        BoxSizes.from_sizes(sizes)


def test_a_sample_keeps_the_count_of_each_size():
    boxes = BoxSizes.from_sizes(SIZES)
    sample = boxes.sample(2, np.random.default_rng(0))
    counts = dict(zip(map(tuple, boxes.values.T), boxes.counts, strict=True))
    assert len(sample) == 2
    for size, count in zip(map(tuple, sample.values.T), sample.counts, strict=True):
        assert counts[size] == count
    assert boxes.sample(9, np.random.default_rng(0)) is boxes
