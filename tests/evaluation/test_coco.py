"""COCO's numbers are those of pycocotools on the exported files."""

import json

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from darknet_torch.evaluation.coco import STATISTICS, coco_ap, result_records, truth_records
from tests.evaluation import plain


def by_hand(tmp_path, truth, results):
    """pycocotools as its demo uses it, from files."""
    paths = tmp_path / "truth.json", tmp_path / "results.json"
    for path, content in zip(paths, (truth, results), strict=True):
        path.write_text(json.dumps(content))
    coco = COCO(str(paths[0]))
    evaluator = COCOeval(coco, coco.loadRes(str(paths[1])), "bbox")
    evaluator.evaluate()
    evaluator.accumulate()
    evaluator.summarize()
    return evaluator


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_are_those_of_pycocotools_on_the_exported_files(tmp_path, seed):
    found, ground_truth = plain.random_case(seed)
    result = coco_ap(found, ground_truth)
    expected = by_hand(
        tmp_path, truth_records(ground_truth), result_records(found, ground_truth)
    ).stats
    got = [result.statistics[name] for name in STATISTICS]
    # To the last digit by pycocotools; faster-coco-eval adds in another order.
    filled = [-1 if value is None else value for value in got]
    assert filled == pytest.approx(expected.tolist(), rel=0, abs=1e-12)
    assert result.statistics["AP50"] > 0.1, "the case shows nothing"


def test_classes_are_those_of_pycocotools_class_by_class(tmp_path):
    found, ground_truth = plain.random_case(5)
    result = coco_ap(found, ground_truth)
    for kind, category in enumerate(ground_truth.category_ids[:2]):
        only = found.select(found.class_ids == kind)
        truth = truth_records(ground_truth)
        truth["categories"] = [{"id": category, "name": "it"}]
        truth["annotations"] = [
            one for one in truth["annotations"] if one["category_id"] == category
        ]
        expected = by_hand(tmp_path, truth, result_records(only, ground_truth)).stats
        assert result.aps[kind] == pytest.approx(expected[0], abs=1e-12)  # order of a mean
        assert result.aps_50[kind] == pytest.approx(expected[1], abs=1e-12)
    assert result.aps[2] is None


def test_areas_come_from_the_annotations_given():
    found, ground_truth = plain.random_case(1)
    annotations = truth_records(ground_truth)
    for one in annotations["annotations"]:
        one["area"] = 5.0
    statistics = coco_ap(found, ground_truth, annotations=annotations).statistics
    assert statistics["AP_small"] is not None
    assert statistics["AP_medium"] is None


def test_nothing_found_is_zero():
    found, ground_truth = plain.random_case(1)
    statistics = coco_ap(found.select(np.zeros(0, int)), ground_truth).statistics
    assert statistics["AP"] == 0


def test_boxes_are_cut_at_the_borders():
    found, ground_truth = plain.random_case(1)
    for record in result_records(found, ground_truth):
        left, top, width, height = record["bbox"]
        assert 0 <= left <= left + width <= plain.WIDTH + 1e-3
        assert 0 <= top <= top + height <= plain.HEIGHT + 1e-3
