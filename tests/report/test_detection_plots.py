"""The plots of detections without truths, and their counts."""

import numpy as np
import pytest

from darknet_torch.report.detection_plots import DETECTION_PLOTS
from darknet_torch.report.detection_summary import DetectionSummary
from tests.report.fabricated import STRANGE_NAMES, fabricated_summary

BY_NAME = {plot.name: plot for plot in DETECTION_PLOTS}
every_plot = pytest.mark.parametrize("plot", DETECTION_PLOTS, ids=list(BY_NAME))
SUMMARY = DetectionSummary(
    ("a", "b", "c"),
    np.array([0, 0, 1, 0]),
    np.array([0.25, 0.9, 0.3, 1.0], np.float32),
    np.array([[0, 0, 0.5, 1], [0.2, 0.2, 0.3, 0.3], [0, 0, 1, 1], [0.5, 0.5, 1, 0.61]]),
    pictures=2,
    confidence=0.25,
)


def draw(name, summary=SUMMARY):
    return BY_NAME[name].draw(summary).axes[0]


def test_scores_above_a_threshold_are_counted():
    counts = SUMMARY.counts_over_thresholds()
    assert counts.shape == (3, 101) and counts.dtype == np.int64
    assert counts[0, [0, 24, 25, 89, 90, 99, 100]].tolist() == [3, 3, 2, 2, 1, 1, 0]
    assert counts[1].sum() == 30 and not counts[2].any()
    assert SUMMARY.counted.tolist() == [False, True, True, True]


def test_without_classes_there_are_no_counts():
    none = DetectionSummary((), *(np.zeros(0),) * 2, np.zeros((0, 4)), 0, 0.5)
    assert none.counts_over_thresholds().shape == (0, 101)


def test_strange_names_do_no_harm():
    plot = BY_NAME["detections-per-class"]
    svg = plot.on_page(fabricated_summary(4, names=STRANGE_NAMES)).svg
    assert b"<script" not in svg and b"style=" not in svg


@every_plot
@pytest.mark.parametrize("classes", [0, 80])
def test_nothing_and_many_classes_can_be_drawn(plot, classes):
    summary = fabricated_summary(max(classes, 1), pictures=classes)
    assert plot.draw(summary).axes


def test_classes_have_bars_by_their_counts():
    axes = draw("detections-per-class")
    names = [label.get_text() for label in axes.get_yticklabels()]
    counts = [text.get_text() for text in axes.texts]
    assert dict(zip(names, counts, strict=True)) == {"a": "2", "b": "1", "c": "0"}
    assert axes.get_xlabel() == "detections at a threshold of 0.25"


def test_lines_have_the_counts_over_the_threshold():
    lines = draw("detections-thresholds").lines
    counts = SUMMARY.counts_over_thresholds()
    for line, row in zip(lines[:3], [counts[0], counts[1], counts.sum(axis=0)], strict=True):
        np.testing.assert_array_equal(np.nan_to_num(line.get_ydata()), row)


def test_scores_have_bins():
    heights = [bar.get_height() for bar in draw("scores").patches]
    assert len(heights) == 20 and sum(heights) == 4 and heights[-1] == 1


def test_box_sizes_have_cells():
    cells = draw("box-sizes").images[0].get_array()
    rows, columns = np.nonzero(cells)  # of the boxes above the threshold
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(3, 3), (4, 20), (39, 39)]
