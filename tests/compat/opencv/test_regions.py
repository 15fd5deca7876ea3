"""Rows of boxes and scores of [region] heads."""

import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.compat import opencv as dnn
from tests.compat.opencv.nets import HEADER, as_array


def region_net(extra, bias=0.0):
    """A net of one [region] whose convolution outputs its biases: `bias` for t0, else 0."""
    head = f"[region]\nanchors=4,4\nnum=1\nclasses=3\nsoftmax=1\n{extra}"
    layer = "[convolutional]\nfilters=8\nactivation=linear\n"
    text = f"[net]\nwidth=32\nheight=32\nchannels=3\n{layer}{head}"
    biases = np.array([0, 0, 0, 0, bias, 0, 0, 0], np.float32).tobytes()
    net = dnn.readNetFromDarknet(as_array(text), HEADER + biases + bytes(4 * 24))
    net.setInput(np.zeros((1, 3, 8, 8), np.float32))
    return net


def test_region_scores_are_fractions_of_the_objectness_after_nms():
    rows = region_net("").forward()
    assert rows.shape == (64, 8)
    # The first box: centre of its cell, four cells large, each class a third of a half.
    wanted = [0.5 / 8, 0.5 / 8, 4 / 8, 4 / 8, 0.5, 1 / 6, 1 / 6, 1 / 6]
    np.testing.assert_allclose(rows[0], wanted, atol=1e-6)  # float32
    assert not rows[1, 5:].any()  # its neighbour, whose box overlaps by more than 0.4
    assert rows[6, 5:].all()
    assert not region_net("thresh=0.2\n").forward()[:, 5:].any()


def test_region_ignores_nms_threshold_as_the_importer_of_opencv_does():
    with pytest.warns(dt.CfgWarning, match="nms_threshold"):
        rows = region_net("nms_threshold=0\n").forward()
    np.testing.assert_array_equal(rows, region_net("").forward())


def test_classfix_drops_boxes_with_an_objectness_below_half():
    assert region_net("classfix=0\n", bias=-0.1).forward()[:, 5:].any()
    rows = region_net("classfix=-1\n", bias=-0.1).forward()
    assert not rows[:, 5:].any()
    assert (rows[:, 4] > 0.4).all()
    assert region_net("classfix=-1\n", bias=0.1).forward()[:, 5:].any()
