"""Detections and objects for the tests of the analysis, and what COCO's own program finds."""

import contextlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from darknet_torch.datasets.examples import DataSet, Example, Labels
from darknet_torch.evaluation.analysis import analyse
from darknet_torch.evaluation.coco import (
    STATISTICS,
    CocoAp,
    result_records,
    truth_records,
)
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.records import DetectionTable
from darknet_torch.results.boxes import xyxy_to_cxcywh
from tests.evaluation import plain_loops

SIDE = 100
CAT, DOG = 0, 1


def ground_truth(*pictures):
    """Pictures of 100 x 100 pixels with objects: (class, box in pixels[, whether difficult])."""
    examples = []
    for number, objects in enumerate(pictures):
        labels = Labels.from_arrays(
            np.array([one[0] for one in objects], np.int64),
            relative([one[1] for one in objects]),
            np.array([len(one) > 2 and one[2] for one in objects], bool),
        )
        examples.append(Example(Path(f"pictures/{number}.jpg"), labels, (SIDE, SIDE)))
    return GroundTruth.from_data_set(DataSet(tuple(examples), plain_loops.NAMES, "made up"))


def detections(*rows):
    """Detections: (picture, class, box in pixels, score)."""
    return DetectionTable(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        relative([row[2] for row in rows]).astype(np.float32),
        np.array([row[3] for row in rows], np.float32),
    )


def relative(boxes_xyxy):
    """Convert boxes in pixels to those of the tables."""
    return xyxy_to_cxcywh(np.array(boxes_xyxy, np.float64).reshape(-1, 4) / SIDE)


def hard_case(seed):
    """Random objects and detections in which every rule of the matching counts.

    There are crowds, duplicates, equal scores in several pictures, a class without objects,
    pictures without objects, detections or both, a picture with more than 100 detections of a
    class, and ids of pictures that are not in the order of the data set.
    """
    found, truth = plain_loops.random_case(seed, pictures=10)
    random = np.random.default_rng(seed)
    shape = (plain_loops.HEIGHT, plain_loops.WIDTH)
    empty = [Example(Path(f"pictures/empty{i}.jpg"), None, shape) for i in range(2)]
    examples = (*truth.data_set.examples, *empty)
    ids = random.permutation(len(examples)).tolist()
    examples = [replace(one, picture_id=i) for one, i in zip(examples, ids, strict=True)]
    objects = truth.truths.boxes[truth.truths.pictures == truth.truths.pictures[0]]
    count = 260
    crowded = DetectionTable(
        np.full(count, truth.truths.pictures[0]),
        random.integers(0, 2, count),
        np.abs(
            objects[random.integers(0, len(objects), count)] * random.normal(1, 0.3, (count, 4))
        ),
        random.integers(1, 30, count) / np.float32(40),
    )
    alone = found.select(np.arange(3))
    alone = replace(alone, pictures=np.full(len(alone), len(examples) - 1))
    table = DetectionTable.join([found, crowded, alone])
    return table, GroundTruth(
        replace(truth.data_set, examples=tuple(examples)), np.tile(shape, (len(examples), 1))
    )


def coco_evaluator(found, truth):
    """Run pycocotools at an IoU of 0.5 and for objects of all sizes."""
    with contextlib.redirect_stdout(io.StringIO()):
        index = COCO()
        index.dataset = truth_records(truth)
        index.createIndex()
        evaluator = COCOeval(index, index.loadRes(result_records(found, truth)), "bbox")
        evaluator.params.imgIds = sorted(truth.picture_ids)
        evaluator.params.iouThrs = np.array([0.5])
        evaluator.params.areaRng = evaluator.params.areaRng[:1]
        evaluator.params.areaRngLbl = evaluator.params.areaRngLbl[:1]
        evaluator.evaluate()
        evaluator.accumulate()
    return evaluator


def analysis_of(found, truth, **options):
    """Analyse without COCO's average precisions, which only the sizes show."""
    names = truth.names
    none = (None,) * len(names)
    coco = CocoAp("none", dict.fromkeys(STATISTICS), names, none, none)
    return analyse(found, truth, coco, **{"confidence": 0.25, **options})
