"""Pascal VOC's numbers against a plain loop after its development kit."""

import numpy as np
import pytest

from darknet_torch.evaluation.voc import inclusive_iou, voc_ap
from tests.evaluation import plain

ROUNDING = 1e-9  # sums of doubles in another order


@pytest.mark.parametrize("limit", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_are_those_of_a_plain_loop(seed, limit):
    found, ground_truth = plain.random_case(seed)
    result = voc_ap(found, ground_truth, iou=limit)
    for kind in range(len(plain.NAMES)):
        expected = plain.voc(found, ground_truth, kind, limit)
        got = result.by_points[kind], result.by_area[kind]
        if expected is None:
            assert got == (None, None)
        else:
            assert got == pytest.approx(expected, abs=ROUNDING)
            assert expected[0] > 0.05, "the case shows nothing"


def test_a_class_without_objects_does_not_count_in_the_mean():
    found, ground_truth = plain.random_case(0)
    result = voc_ap(found, ground_truth)
    assert result.by_area[2] is None
    assert result.mean_by_area == pytest.approx(np.mean(result.by_area[:2]))
    assert result.to_dict()["classes"][2]["ap_10"] is None


def test_a_pixel_overlaps_itself():
    pixel = np.array([[3.0, 4, 3, 4]])
    assert inclusive_iou(pixel, pixel) == pytest.approx([1])
    assert inclusive_iou(pixel, pixel + 1) == pytest.approx([0])
