"""A pass of a detector over pictures."""

import cv2
import numpy as np
import pytest

from darknet_torch.evaluation.detection_pass import detect_all, pass_from_detections
from darknet_torch.results.filtered_boxes import FilteredBoxes
from tests.evaluation import plain_loops


class ScoreFromBrightness:
    """A detector of one box per picture, whose score is the brightness of the picture."""

    threshold, nms_threshold = 0.1, 0.45

    def predict(self, images):
        return [image.mean() / 255 for image in images]

    def filter_boxes(self, predicted, index, threshold=None):
        scores = np.where(predicted[index] > threshold, predicted[index], 0).reshape(1, 1)
        return FilteredBoxes(np.full((1, 4), 0.5), scores, scores)


@pytest.fixture
def pictures(tmp_path):
    paths = [tmp_path / f"{level}.png" for level in (51, 204, 102)]
    for path in paths:
        cv2.imwrite(str(path), np.full((2, 2, 3), int(path.stem), np.uint8))
    paths.insert(1, tmp_path / "missing.png")
    return paths


@pytest.mark.parametrize("batch", [1, 3])
def test_one_pass_gives_the_detections_above_each_threshold(pictures, batch):
    counts = []
    result = detect_all(
        ScoreFromBrightness(),
        pictures,
        thresholds=[0.1, 0.3],
        batch=batch,
        advance=counts.append,
    )
    assert result.readable == [0, 2, 3]
    assert [error.where for error in result.errors] == [pictures[1]]
    assert sum(counts) == len(pictures)
    low, high = result.detections_by_threshold
    assert (low.pictures.tolist(), high.pictures.tolist()) == ([0, 1, 2], [1, 2])
    assert low.scores == pytest.approx([0.2, 0.8, 0.4])
    assert result.detections is low


def test_the_detectors_own_threshold_is_the_default(pictures):
    assert detect_all(ScoreFromBrightness(), pictures).thresholds == (0.1,)


def test_existing_detections_are_filtered_by_each_threshold():
    detections, _ = plain_loops.random_case(1)
    result = pass_from_detections(detections, [0.2, 0.7])
    for threshold, table in zip(result.thresholds, result.detections_by_threshold, strict=True):
        assert len(table) == (detections.scores > np.float32(threshold)).sum() > 0
