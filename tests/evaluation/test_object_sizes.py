"""Objects by COCO's sizes."""

from dataclasses import replace

import numpy as np

from darknet_torch.evaluation.coco import coco_ap
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.object_sizes import count_sizes
from tests.evaluation.analysis_cases import CAT, analysis_of, detections, ground_truth

# Areas of 400, 1024, 1600 and 9409.
BOXES = [(0, 0, 20, 20), (40, 0, 72, 32), (0, 50, 40, 90), (3, 3, 100, 100)]


def sizes_of(truth, confidence=0.25):
    found = detections((0, CAT, BOXES[0], 0.9), (0, CAT, BOXES[1], 0.3))
    outcomes = analysis_of(found, truth).outcomes
    coco = coco_ap(found, truth)
    sizes = count_sizes(outcomes, truth, coco, confidence=confidence)
    assert [one.ap for one in sizes] == [
        coco.statistics[f"AP_{name}"] for name in ("small", "medium", "large")
    ]
    assert [one.ap is None for one in sizes] == [one.truths == 0 for one in sizes]
    return [(one.name, one.truths, one.found) for one in sizes]


def with_outlines(truth, areas):
    example = truth.data_set.examples[0]
    example = replace(example, labels=replace(example.labels, areas=np.array(areas)))
    return GroundTruth(replace(truth.data_set, examples=(example,)), truth.sizes)


def test_sizes_are_counted_as_coco_does_with_both_ends():
    truth = ground_truth([(CAT, box, box is BOXES[2]) for box in BOXES])
    truth = with_outlines(truth, [np.nan, 1024.0, np.nan, np.nan])
    assert sizes_of(truth) == [("small", 2, 2), ("medium", 1, 1), ("large", 1, 0)]
    assert sizes_of(truth, 0.5) == [("small", 2, 1), ("medium", 1, 0), ("large", 1, 0)]


def test_areas_of_outlines_come_first():
    truth = ground_truth([(CAT, box) for box in BOXES])
    truth = with_outlines(truth, [5000.0, 800.0, np.nan, 5000.0])
    assert sizes_of(truth) == [("small", 1, 1), ("medium", 3, 1), ("large", 0, 0)]
