"""COCO's average precision compared with pycocotools on the exported files."""

import json
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from darknet_torch.datasets.examples import Labels
from darknet_torch.evaluation.coco import STATISTICS, coco_ap, result_records, truth_records
from darknet_torch.evaluation.ground_truth import GroundTruth
from tests.evaluation import plain_loops


@pytest.fixture(params=["pycocotools", "faster_coco_eval"], autouse=True)
def program(request, monkeypatch):
    """The program that computes; it is the second one wherever that is installed."""
    if request.param == "pycocotools":
        monkeypatch.setitem(sys.modules, "faster_coco_eval", None)
    else:
        pytest.importorskip(request.param, reason="the extra fast-eval is not installed")
    return request.param


def by_hand(tmp_path, truth, results):
    """Run pycocotools on files, as its demo does."""
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
def test_the_result_equals_that_of_pycocotools_on_the_exported_files(tmp_path, seed, program):
    found, ground_truth = plain_loops.random_case(seed)
    result = coco_ap(found, ground_truth)
    expected = by_hand(
        tmp_path, truth_records(ground_truth), result_records(found, ground_truth)
    ).stats
    assert result.program == program
    got = [result.statistics[name] for name in STATISTICS]
    # With pycocotools to the last digit; faster-coco-eval sums in another order.
    filled = [-1 if value is None else value for value in got]
    assert filled == pytest.approx(expected.tolist(), rel=0, abs=1e-12)
    assert result.statistics["AP50"] > 0.1, "the case has too few right detections"


def test_the_aps_of_classes_equal_those_of_pycocotools_run_per_class(tmp_path):
    found, ground_truth = plain_loops.random_case(5)
    result = coco_ap(found, ground_truth)
    for kind, category in enumerate(ground_truth.category_ids[:2]):
        only = found.select(found.class_ids == kind)
        truth = truth_records(ground_truth)
        truth["categories"] = [{"id": category, "name": "it"}]
        truth["annotations"] = [
            one for one in truth["annotations"] if one["category_id"] == category
        ]
        expected = by_hand(tmp_path, truth, result_records(only, ground_truth)).stats
        assert result.aps[kind] == pytest.approx(expected[0], abs=1e-12)  # a mean in another order
        assert result.aps_50[kind] == pytest.approx(expected[1], abs=1e-12)
    assert result.aps[2] is None


def test_classes_without_objects_take_no_memory():
    """COCO's program needs 100 kB for each class that it is given."""
    found, ground_truth = plain_loops.random_case(5)
    names = (*ground_truth.names, *(f"other {number}" for number in range(700)))
    more = replace(ground_truth.data_set, names=names, category_ids=())
    result = coco_ap(found, ground_truth)
    tracemalloc.start()
    same = coco_ap(found, GroundTruth(more, ground_truth.sizes))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6
    assert same.statistics == result.statistics
    assert same.aps == (*result.aps, *[None] * 700)


def test_without_objects_nothing_is_defined():
    found, ground_truth = plain_loops.random_case(5)
    bare = [replace(one, labels=Labels.empty()) for one in ground_truth.data_set.examples]
    data_set = replace(ground_truth.data_set, examples=tuple(bare))
    result = coco_ap(found, GroundTruth(data_set, ground_truth.sizes))
    assert set(result.statistics.values()) | set(result.aps) == {None}


def test_areas_come_from_the_given_annotations():
    found, ground_truth = plain_loops.random_case(1)
    examples = [
        replace(one, labels=replace(one.labels, areas=np.full(len(one.labels), 5.0)))
        for one in ground_truth.data_set.examples
    ]
    small = replace(ground_truth.data_set, examples=tuple(examples))
    statistics = coco_ap(found, GroundTruth(small, ground_truth.sizes)).statistics
    assert statistics["AP_small"] is not None
    assert statistics["AP_medium"] is None


def test_without_detections_ap_is_zero():
    found, ground_truth = plain_loops.random_case(1)
    statistics = coco_ap(found.select(np.zeros(0, int)), ground_truth).statistics
    assert statistics["AP"] == 0


def test_boxes_are_clipped_at_the_borders():
    found, ground_truth = plain_loops.random_case(1)
    for record in result_records(found, ground_truth):
        left, top, width, height = record["bbox"]
        assert 0 <= left <= left + width <= plain_loops.WIDTH + 1e-3
        assert 0 <= top <= top + height <= plain_loops.HEIGHT + 1e-3
