"""The boxes of a picture before and after NMS, as a detector makes them."""

import numpy as np
import pytest
import torch

from darknet_torch import Detector, build_network
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.heads.base import Predictions
from darknet_torch.inference.batch_predictions import BatchPredictions
from darknet_torch.inference.head_outputs import DecodedOutput
from darknet_torch.media.images import Placement

CFG = (
    "[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nfilters=7\nstride=32\n"
    "[yolo]\nclasses=2\nnum=1\nanchors=8,8\n"
)
BOXES = [[0.5, 0.5, 0.4, 0.4], [0.52, 0.5, 0.4, 0.4], [0.1, 0.1, 0.4, 0.4], [0.9, 0.9, 0.1, 0.1]]
SCORES = [[0.9, 0.3], [0.8, 0.1], [0.0, 0.7], [0.2, 0.1]]


@pytest.fixture
def filtered():
    """Two overlapping boxes, a third one beyond the border, and one below the threshold."""
    detector = Detector(build_network(parse_cfg(CFG)), threshold=0.25, nms_threshold=0.45)
    scores = torch.tensor([SCORES])
    predictions = Predictions(torch.tensor([BOXES]), scores.amax(2), scores)
    predicted = BatchPredictions([DecodedOutput(predictions)], [Placement(32, 32, 32, 32)])
    return detector.filter_boxes(predicted, 0)


def test_boxes_above_the_threshold_are_in_fractions_of_the_picture(filtered):
    np.testing.assert_allclose(filtered.boxes_cxcywh, BOXES[:3], rtol=1e-6)
    assert (filtered.boxes_cxcywh[2, :2] < filtered.boxes_cxcywh[2, 2:] / 2).all()


def test_scores_at_or_below_the_threshold_are_0(filtered):
    np.testing.assert_allclose(filtered.scores, [[0.9, 0.3], [0.8, 0], [0, 0.7]], rtol=1e-6)


def test_scores_after_nms_are_0_where_nms_dropped_the_box(filtered):
    kept = [[True, True], [False, False], [False, True]]
    np.testing.assert_array_equal(filtered.scores_after_nms, filtered.scores * kept)
