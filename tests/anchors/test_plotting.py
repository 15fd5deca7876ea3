"""Plots of anchors."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from darknet_torch.anchors.kmeans import cluster
from darknet_torch.anchors.plotting import AnchorPlot
from darknet_torch.anchors.sizes import BoxSizes
from darknet_torch.anchors.sweep import sweep
from darknet_torch.errors import UsageError

random = np.random.default_rng(0)
BOXES = BoxSizes.from_sizes(np.exp(random.normal(3, 0.8, (400, 2))))


@pytest.fixture
def found():
    pytest.importorskip("matplotlib")
    return sweep(BOXES, (2, 3), lambda count: cluster(BOXES, count))


@pytest.mark.parametrize("name", ["scatter", "elbow"])
def test_plots_are_readable_pictures(name, found):
    plot = AnchorPlot(Path("a.PNG"))
    data = plot.scatter(BOXES, found[0]) if name == "scatter" else plot.elbow(found)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert min(picture.shape[:2]) > 400
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_suffix_selects_the_format(suffix, start, found):
    assert AnchorPlot(Path(f"a.{suffix}")).scatter(BOXES, found[0]).startswith(start)


def test_the_scatter_plot_shows_every_box_and_anchor(found):
    plot = AnchorPlot(Path("a.png"))
    plot.scatter(BOXES, found[1])
    *boxes, anchors = (collection.get_offsets() for collection in plot.axes.collections)
    assert len(boxes) == found[1].count
    drawn, every = np.concatenate(boxes), BOXES.values.T
    np.testing.assert_array_equal(np.sort(drawn, axis=0), np.sort(every, axis=0))
    np.testing.assert_array_equal(anchors, found[1].anchors)


def test_an_unknown_suffix_is_an_error():
    with pytest.raises(UsageError, match=r"a\.bmp: unknown plot format: expected \.png or"):
        AnchorPlot(Path("a.bmp"))


def test_without_matplotlib_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError, match=r"pip install matplotlib"):
        AnchorPlot(Path("a.png"))
