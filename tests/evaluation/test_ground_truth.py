"""The ground truth of an evaluation: COCO ids and box conversions."""

from pathlib import Path

import numpy as np
import pytest

from darknet_torch.datasets.examples import DataSet, Example
from darknet_torch.evaluation.ground_truth import GroundTruth
from tests.evaluation import plain_loops


@pytest.mark.parametrize(
    ("names", "ids", "expected"),
    [
        (["COCO_val2014_000000000042", "7"], [None, None], (42, 7)),
        (["a_1", "b_1"], [None, None], (1, 2)),
        (["a_9", "b"], [None, None], (1, 2)),
        (["a_9", "b_8"], [70, 80], (70, 80)),
    ],
)
def test_image_ids_come_from_the_data_set_or_from_file_names(names, ids, expected):
    pairs = zip(names, ids, strict=True)
    examples = (Example(Path(f"{name}.jpg"), None, (1, 1), number) for name, number in pairs)
    assert GroundTruth.from_data_set(DataSet(tuple(examples), (), "here")).picture_ids == expected


def test_relative_boxes_and_boxes_in_pixels_are_inverses():
    detections, ground_truth = plain_loops.random_case(3)
    in_pixels = ground_truth.boxes_xyxy(detections.pictures, detections.boxes)
    again = ground_truth.boxes_cxcywh(detections.pictures, in_pixels)
    np.testing.assert_allclose(again, detections.boxes, rtol=0, atol=1e-12)


def test_a_subset_has_the_chosen_pictures_and_their_objects():
    _, ground_truth = plain_loops.random_case(3)
    subset = ground_truth.subset(np.array([4, 1]))
    assert subset.stems == ("one004", "one001")
    counts = [(ground_truth.truths.pictures == picture).sum() for picture in (4, 1)]
    assert [(subset.truths.pictures == picture).sum() for picture in (0, 1)] == counts
