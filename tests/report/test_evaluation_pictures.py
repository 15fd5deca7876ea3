"""The pictures of an evaluation's page and their boxes."""

from dataclasses import replace

import numpy as np
import pytest

from darknet_torch.datasets.examples import DataSet, Example
from darknet_torch.evaluation.analysis import KINDS
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.media.images import write_picture
from darknet_torch.report import evaluation_pictures as pictures_module
from darknet_torch.report.evaluation_pictures import (
    BOX_KINDS,
    count_errors,
    evaluation_boxes,
    evaluation_pictures,
)
from darknet_torch.report.relative_boxes import MOST_BOXES
from tests.report.fabricated import fabricated_analysis

PICTURES = 12
ERROR_KINDS = {kind.name for kind in BOX_KINDS if kind.is_error}


@pytest.fixture(scope="module")
def analysis():
    return fabricated_analysis(pictures=PICTURES)


def shown_errors(boxes, threshold):
    """The errors that the boxes of a picture show at a threshold, counted as the page does."""
    limit = np.float32(threshold)
    count = 0
    for box in boxes:
        if box.kind in ERROR_KINDS:
            is_missed = box.score is None and (box.found_at is None or limit >= box.found_at)
            count += is_missed or (box.score is not None and box.score > limit)
    return count


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.61, 1.0])
def test_the_boxes_show_the_errors_that_are_counted(analysis, threshold):
    analysis = replace(analysis, confidence=threshold)
    counted = count_errors(analysis, PICTURES)
    boxes = [evaluation_boxes(analysis.outcomes, picture)[0] for picture in range(PICTURES)]
    assert [shown_errors(one, threshold) for one in boxes] == counted.tolist()
    assert counted.sum() > PICTURES


def test_every_detection_and_object_is_a_box(analysis):
    outcomes = analysis.outcomes
    boxes = [box for one in range(PICTURES) for box in evaluation_boxes(outcomes, one)[0]]
    scored = [box for box in boxes if box.score is not None]
    assert len(scored) == len(outcomes.detections)
    assert {box.kind for box in scored} == set(KINDS)
    assert len(boxes) - len(scored) == len(outcomes.truths)
    difficult = sum(box.kind == "ignored" and box.score is None for box in boxes)
    assert difficult == outcomes.truths.difficult.sum() > 0
    assert {box.kind for box in boxes} == {kind.name for kind in BOX_KINDS}
    assert all(0 <= side <= 1 for box in boxes for side in box.xyxy)


def test_only_the_best_detections_of_a_picture_are_boxes():
    outcomes = fabricated_analysis(pictures=1).outcomes
    boxes, left_out = evaluation_boxes(outcomes, 0)
    scores = [box.score for box in boxes if box.score is not None]
    assert len(scores) == MOST_BOXES
    assert left_out == len(outcomes.detections) - MOST_BOXES > 0
    assert scores == sorted(outcomes.detections.scores.tolist(), reverse=True)[:MOST_BOXES]


@pytest.fixture
def ground_truth(tmp_path):
    """Pictures of a single colour each; the second one is missing."""
    examples = []
    for index in range(PICTURES):
        path = tmp_path / f"{index}.png"
        if index != 1:
            write_picture(path, np.full((30, 40, 3), 20 * index, np.uint8))
        examples.append(Example(path, None, size=(30, 40)))
    sizes = np.full((PICTURES, 2), (30, 40))
    return GroundTruth(DataSet(tuple(examples), ("a", "b", "c"), "here"), sizes)


def test_the_pictures_with_the_most_errors_come_first(analysis, ground_truth, monkeypatch):
    monkeypatch.setattr(pictures_module, "MOST_PICTURES", PICTURES - 2)
    found = evaluation_pictures(analysis, ground_truth)
    shown = [shown_errors(one.boxes, analysis.confidence) for one in found]
    assert shown == sorted(count_errors(analysis, PICTURES), reverse=True)[: PICTURES - 2]
    assert len({one.name for one in found}) == PICTURES - 2
    assert {(one.width, one.height) for one in found} == {(40, 30)}
    assert all(one.thumbnail.startswith(b"\xff\xd8") for one in found)


def test_a_picture_that_is_missing_is_grey(analysis, ground_truth):
    found = {one.name: one for one in evaluation_pictures(analysis, ground_truth)}
    path = ground_truth.data_set.examples[1].path
    assert len(found) == PICTURES
    assert found[str(path)].boxes
    assert found[str(path)].thumbnail.startswith(b"\xff\xd8")
