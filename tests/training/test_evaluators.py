"""The evaluation of detectors and classifiers, by one process and shared by several."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from darknet_torch.datasets.classification import open_classification
from darknet_torch.evaluation.coco import coco_ap
from darknet_torch.evaluation.detector_map import detector_map
from darknet_torch.inference.detector import Detector
from darknet_torch.training.data import paths_to_evaluate_on
from darknet_torch.training.evaluators import DetectorEvaluator, find_evaluator
from darknet_torch.training.setup import prepare
from tests.training.runs import (
    CLASSIFIER,
    DETECTOR,
    Recorder,
    changed,
    classifier_data,
    detector_data,
    written,
)


class OneOf:
    """One of several processes, as an evaluator sees it."""

    def __init__(self, training, rank, count):
        loop = training.loop
        self.network, self.forward = loop.network, loop.forward
        self.seen, self.iteration = loop.seen, loop.iteration
        self.processes = SimpleNamespace(rank=rank, count=count)


def score_by(training, count):
    """The score of several processes, and how many pictures each was to take."""
    evaluator, totals = find_evaluator(training.network, training.data, training.plan), []

    def share(rank):
        done = [(0, 0)]
        found = evaluator.share(OneOf(training, rank, count), lambda *now: done.append(now))
        totals.append(done[-1][1])
        assert done[-1][0] == done[-1][1]
        return found

    return evaluator.score([share(rank) for rank in range(count)]), totals


@pytest.fixture
def training(plan, tmp_path):
    """A detector to evaluate on 19 pictures, two of them broken.

    With iou_loss=mse its cost is a sum over pictures, however they are put together.
    """
    cfg = written(tmp_path, DETECTOR.replace("iou_loss=ciou", "iou_loss=mse"), "mse.cfg")
    detector_data(tmp_path / "more", 19, "valid")
    detector_data(tmp_path / "more")
    data = str(tmp_path / "more/squares.data")
    training = prepare(changed(plan, cfg=str(cfg), data=data, map=True, iou=0.1, workers=1))
    for _, slot in training.network.slots():
        if slot.name == "rolling_variance":
            slot.tensor.fill_(1)  # as after some iterations
    paths = paths_to_evaluate_on(training.data)
    for place in (3, 18):
        paths[place].write_bytes(b"no picture")
    return training


def test_processes_that_share_the_pictures_find_the_score_of_one(training):
    alone, totals = score_by(training, 1)
    assert totals == [19]
    assert alone.value > 0
    for count, expected in ((2, [11, 8]), (3, [8, 8, 3]), (5, [8, 8, 3, 0, 0])):
        shared, totals = score_by(training, count)
        assert totals == expected
        assert shared == alone


def test_the_score_is_that_of_the_command(training):
    score, _ = score_by(training, 1)
    valid = training.data.valid
    detector = Detector(training.network, names=valid.names)
    found = detector_map(detector, valid, valid.names, iou=0.1, workers=1)
    assert score.lines[:-1] == found.lines()
    assert (score.value, score.measure) == (found.mean, "mAP@0.10")
    assert score.measures["AP green"] == found.aps[1]
    assert {"mAP@0.10", "mAP@0.50", "recall", "average IoU"} <= set(score.measures)
    assert all(np.isfinite(value) for value in score.measures.values())


@pytest.mark.parametrize(
    ("criterion", "measure"), [("map50", "mAP@0.50"), ("map50-95", "mAP@0.50:0.95")]
)
def test_the_criterion_says_what_the_score_is(training, criterion, measure):
    evaluator = find_evaluator(
        training.network, training.data, changed(training.plan, criterion=criterion)
    )
    found = evaluator.share(OneOf(training, 0, 1), lambda done, total: None)
    score = evaluator.score([found])
    detections, truth = found.found.with_truth(training.data.valid, training.data.names)
    assert (score.measure, score.value) == (measure, score.measures[measure])
    if criterion == "map50-95":
        assert score.value == coco_ap(detections, truth).statistics["AP"]
    assert score.lines[-1].startswith(" validation loss = ")


def test_the_validation_loss_is_the_mean_loss_of_a_picture_and_changes_nothing(training):
    training.network.train()
    before = {name: array.clone() for name, array in training.network.state_dict().items()}
    random = torch.get_rng_state()
    score, _ = score_by(training, 1)
    assert torch.equal(random, torch.get_rng_state())
    for name, array in training.network.state_dict().items():
        assert torch.equal(array, before[name]), name
    # One picture after the other, by the plan's own training data without augmentation.
    plan = changed(
        training.plan, augment="none", split="valid", batch=1, subdivisions=1, map=False
    )
    alone = prepare(plan)
    alone.network.load_state_dict(before)
    alone.network.eval()
    costs = {}
    batches = iter(alone._batches(60))
    for _ in range(60):
        batch = next(batches)
        context = alone.loop._loss_context(batch)
        with torch.no_grad():
            result = alone.loop.forward(batch.images.float(), batch.truths, context)
        costs[batch.paths[0]] = float(result.cost)
    assert len(costs) == 17
    mean = sum(costs.values()) / len(costs)
    assert score.measures["validation loss"] == pytest.approx(mean, rel=1e-4)


def test_a_classifier_has_accuracies_and_a_loss(plan, tmp_path):
    data = classifier_data(tmp_path / "colours", 4)
    cfg = written(tmp_path, CLASSIFIER, "colours.cfg")
    plan = changed(plan, cfg=str(cfg), data=str(data), map=True, label_smoothing=0.1)
    recorder = Recorder()
    training = prepare(changed(plan, max_batches=2), [recorder])
    assert training.network.net.label_smooth_eps == pytest.approx(0.1)
    training.run()
    (score,) = recorder.scores
    assert set(score.measures) == {"top-1 accuracy", "validation loss"}
    assert (score.measure, score.value) == ("top-1 accuracy", score.measures["top-1 accuracy"])
    for count in (2, 3):
        assert score_by(training, count)[0] == score_by(training, 1)[0]
    truths = np.full((12, 3), 0.05, np.float32)
    paths = open_classification(data, split="valid").class_ids
    truths[np.arange(12), paths] = 0.9
    assert training.data.source.settings.truth_encoder.encode(0) == pytest.approx(truths[0])


def test_from_five_classes_on_there_is_a_top_5_accuracy(plan, tmp_path):
    data = classifier_data(tmp_path / "colours", 1)
    text = CLASSIFIER.replace("filters=3\n", "filters=6\n", 1)
    plan = changed(plan, cfg=str(written(tmp_path, text)), data=str(data), map=True)
    score, _ = score_by(prepare(plan), 1)
    assert 0 <= score.measures["top-1 accuracy"] <= score.measures["top-5 accuracy"] <= 1
    assert "top 5: " in score.lines[0]


def test_what_cannot_be_evaluated_has_no_evaluator(plan):
    training = prepare(plan)
    assert find_evaluator(training.network, training.data, plan) is None
    assert isinstance(
        find_evaluator(training.network, prepare(changed(plan, map=True)).data, plan),
        DetectorEvaluator,
    )
