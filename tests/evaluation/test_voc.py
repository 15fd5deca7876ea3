"""Pascal VOC's average precision compared with a plain loop like its development kit."""

import numpy as np
import pytest

from darknet_torch.evaluation.voc import inclusive_iou, voc_ap
from tests.evaluation import plain_loops

ROUNDING = 1e-9  # doubles are summed in another order


@pytest.mark.parametrize("limit", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("seed", range(4))
def test_the_result_equals_that_of_a_plain_loop(seed, limit):
    found, ground_truth = plain_loops.random_case(seed)
    result = voc_ap(found, ground_truth, iou=limit)
    for kind in range(len(plain_loops.NAMES)):
        expected = plain_loops.voc_ap(found, ground_truth, kind, limit)
        got = result.by_points[kind], result.by_area[kind]
        if expected is None:
            assert got == (None, None)
        else:
            assert got == pytest.approx(expected, abs=ROUNDING)
            assert expected[0] > 0.05, "the case has too few right detections"


def test_a_class_without_objects_is_left_out_of_the_mean():
    found, ground_truth = plain_loops.random_case(0)
    result = voc_ap(found, ground_truth)
    assert result.by_area[2] is None
    assert result.mean_by_area == pytest.approx(np.mean(result.by_area[:2]))
    assert result.to_dict()["classes"][2]["ap_10"] is None


def test_a_box_of_one_pixel_overlaps_itself():
    pixel = np.array([[3.0, 4, 3, 4]])
    assert inclusive_iou(pixel, pixel) == pytest.approx([1])
    assert inclusive_iou(pixel, pixel + 1) == pytest.approx([0])
