"""Anchors depend on the boxes and the seed, not on how the boxes are listed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.anchors.kmeans import VARIANTS, cluster
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.anchors.sizes import BoxSizes

sizes = st.lists(
    st.tuples(st.integers(1, 300), st.integers(1, 300)), min_size=4, max_size=60, unique=True
)


def find(boxes, variant):
    return cluster(boxes, 3, variant=variant, seed=1, restarts=2)


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=30, deadline=None)
@given(listed=sizes, data=st.data())
def test_the_order_of_the_boxes_does_not_matter(variant, listed, data):
    shuffled = data.draw(st.permutations(listed))
    np.testing.assert_array_equal(
        find(BoxSizes.from_sizes(np.array(listed)), variant),
        find(BoxSizes.from_sizes(np.array(shuffled)), variant),
    )


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=30, deadline=None)
@given(listed=sizes, data=st.data())
def test_a_count_is_as_good_as_repeats(variant, listed, data):
    counts = data.draw(st.lists(st.integers(1, 5), min_size=len(listed), max_size=len(listed)))
    repeated = BoxSizes.from_sizes(np.repeat(np.array(listed), counts, axis=0))
    order = np.lexsort(np.array(listed).T[::-1])
    counted = BoxSizes(np.array(listed, np.float64)[order].T, np.array(counts)[order])
    np.testing.assert_array_equal(find(repeated, variant), find(counted, variant))
    assert measure_fit(repeated, find(repeated, variant)) == measure_fit(
        counted, find(counted, variant)
    )


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=30, deadline=None)
@given(listed=sizes)
def test_anchors_lie_among_the_boxes(variant, listed):
    array = np.array(listed)
    anchors = find(BoxSizes.from_sizes(array), variant)
    assert (anchors >= array.min(0)).all()
    assert (anchors <= array.max(0)).all()
    assert (np.diff(anchors.prod(1)) >= 0).all()
