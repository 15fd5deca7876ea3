"""The plots of an analysis: what they show, for few and many classes, strange names, nothing."""

import re

import numpy as np
import pytest

from darknet_torch.report.evaluation_plots import EVALUATION_PLOTS
from tests.report.fabricated import STRANGE_NAMES, fabricated_analysis

NAMES = (*STRANGE_NAMES, "_汉\x1b", "nothing")
BY_NAME = {plot.name: plot for plot in EVALUATION_PLOTS}
MOST_BYTES = 60_000
every_plot = pytest.mark.parametrize("plot", EVALUATION_PLOTS, ids=list(BY_NAME))


@pytest.fixture(scope="module")
def few():
    return fabricated_analysis(5, names=NAMES)


@pytest.fixture(scope="module")
def many():
    return fabricated_analysis(80)


@pytest.fixture(scope="module")
def nothing():
    return fabricated_analysis(2, pictures=0)


def draw(name, analysis):
    """Return the first axes of a plot."""
    return BY_NAME[name].draw(analysis).axes[0]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@every_plot
def test_strange_names_do_no_harm(plot, few):
    on_page = plot.on_page(few)
    assert on_page.title == plot.title and on_page.note == plot.explanation
    assert b"<script" not in on_page.svg and b"style=" not in on_page.svg
    assert len(on_page.svg) < MOST_BYTES


def test_many_lines_fit(many):
    plot = BY_NAME["precision-recall-thresholds"]
    assert len(plot.on_page(many).svg) < MOST_BYTES


@every_plot
def test_many_classes_and_nothing_can_be_drawn(plot, many, nothing):
    assert plot.draw(many).axes and plot.draw(nothing).axes


def test_names_are_those_of_files_and_differ():
    assert len(BY_NAME) == len(EVALUATION_PLOTS)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in BY_NAME)
    assert all(plot.explanation.endswith(".") for plot in EVALUATION_PLOTS)


def test_names_of_classes_are_in_the_legend(few):
    svg = BY_NAME["pr-curve"].on_page(few).svg.decode()
    named = re.findall(r">([^<>]*: AP [^<>]*)<", svg)
    assert [name.split(": AP")[0] for name in named] == [
        "&lt;script&gt;alert(1…",
        "$x_1$ &amp; $\\frac",
        "行人 und Fußgän…",
        "_汉\ufffd",
        "all",
    ]


def test_the_curves_are_those_of_the_analysis(few):
    lines = draw("pr-curve", few).lines
    curves = [*few.curves[:4], few.curves[-1]]  # without the class that has no objects
    for line, curve in zip(lines, curves, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), curve.precision_at_recall)


def test_a_point_marks_the_best_threshold(few):
    lines = draw("f1-curve", few).lines
    curves = [line for line in lines if len(line.get_xdata()) > 1]
    points = [line for line in lines if len(line.get_xdata()) == 1]
    assert len(curves) == len(points) == 5
    for curve, point in zip(curves, points, strict=True):
        assert point.get_ydata()[0] == max(curve.get_ydata())
        assert point.get_color() == curve.get_color()
    assert [point.get_xdata()[0] for point in points[-1:]] == [few.curves[-1].best_threshold]


def test_precision_and_recall_are_over_the_threshold(few):
    precision, recall = BY_NAME["precision-recall-thresholds"].draw(few).axes
    everything = few.curves[-1]
    drawn = precision.lines[4].get_ydata()
    assert drawn[25] == everything.correct[25] / everything.detections[25]
    assert np.isnan(drawn[100])
    assert recall.lines[4].get_ydata()[25] == everything.correct[25] / everything.truths


def test_bars_of_few_classes_are_sorted_by_ap(few):
    axes = draw("ap-per-class", few)
    lengths = [bar.get_width() for bar in axes.patches]
    assert lengths == sorted(lengths, reverse=True) and len(lengths) == 4
    assert "nothing" not in labels(axes.yaxis)
    assert texts(axes)[0] == f"{lengths[0]:.1%}"


def test_of_many_classes_the_ends_have_bars(many):
    axes = draw("ap-per-class", many)
    shown = labels(axes.yaxis)
    aps = [curve.precision_at_recall for curve in many.curves[:79]]
    ranked = [f"class {index}" for index in np.argsort([-ap.mean() for ap in aps])]
    assert shown == [*ranked[:10], "…", *ranked[-20:]]


def test_calibration_has_points_where_detections_are(few, nothing):
    fractions, counts = BY_NAME["calibration"].draw(few).axes
    filled = [one for one in few.calibration if one.detections]
    assert list(fractions.lines[1].get_xdata()) == [one.mean_score for one in filled]
    assert [text for text in texts(counts) if text] == [str(one.detections) for one in filled]
    assert f"{few.expected_calibration_error:.1%}" in texts(fractions)[0]
    assert texts(draw("calibration", nothing)) == ["no detections"]


def test_the_confusion_matrix_has_its_counts(few):
    axes = draw("confusion-matrix", few)
    counts = few.confusion
    assert texts(axes) == [str(count) for count in counts.ravel() if count]
    assert labels(axes.xaxis)[-2:] == labels(axes.yaxis)[-2:] == ["nothing", "background"]
    shares = axes.images[0].get_array() ** 2
    np.testing.assert_allclose(shares.sum(axis=1), counts.sum(axis=1) > 0)


def test_a_large_confusion_matrix_has_some_names_and_no_counts(many):
    axes = draw("confusion-matrix", many)
    shown = labels(axes.yaxis)
    assert texts(axes) == [] and len(shown) <= 31
    assert shown[:2] == ["class 0", "class 3"] and shown[-1] == "background"
    assert list(axes.get_yticks())[-1] == 80


def test_sizes_and_errors_have_their_counts(few, nothing):
    sizes = [*(size.truths for size in few.sizes), *(size.found for size in few.sizes)]
    assert texts(draw("sizes", few)) == [str(count) for count in sizes]
    assert labels(draw("sizes", nothing).xaxis) == [
        f"{name}\nno objects" for name in ("small", "medium", "large")
    ]
    axes = draw("errors", few)
    assert dict(zip(labels(axes.yaxis), map(int, texts(axes)), strict=True)) == few.errors
