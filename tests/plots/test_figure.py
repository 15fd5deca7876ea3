"""The figure of every plot."""

import cv2
import numpy as np
import pytest

from darknet_torch.errors import UsageError
from darknet_torch.plots.figure import (
    Figure,
    count_axis,
    count_bins,
    logarithmic_axis,
    logarithmic_axis_if_wide,
    logarithmic_count_axis,
    percent_axis,
)


def test_a_figure_becomes_a_picture(tmp_path):
    figure = Figure(1, 2, size=(4, 2))
    assert len(figure.axes) == 2
    figure.axes[0].plot([0, 1], [0, 1])
    figure.save(tmp_path / "plot.png")
    assert cv2.imread(str(tmp_path / "plot.png")).shape == (200, 400, 3)


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"unknown plot format.*\.png or \.svg or \.pdf"):
        Figure().save(tmp_path / "plot.doc")


def test_equal_figures_are_equal_files():
    for suffix in ("png", "svg", "pdf"):
        first, second = Figure(size=(2, 2)), Figure(size=(2, 2))
        assert first.encode(suffix) == second.encode(suffix)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 9.9], "linear"),
        ([1, 10], "log"),
        ([0, 5, 9, float("inf")], "linear"),
        ([], "linear"),
    ],
)
def test_values_that_differ_by_a_factor_of_ten_get_a_logarithmic_axis(values, scale):
    axes = Figure().axes[0]
    logarithmic_axis_if_wide(axes.yaxis, values)
    assert axes.get_yscale() == scale


def test_bins_of_counts_hold_equally_many_whole_numbers():
    counts = [np.array([0, 3, 3]), np.array([5]), np.array([], int)]
    np.testing.assert_array_equal(count_bins(counts), np.arange(7) - 0.5)
    wide = count_bins([np.array([10, 129])], most=60)
    np.testing.assert_array_equal(np.diff(wide), 2)
    assert wide[0] == 9.5 and wide[-1] == 129.5


def test_axes_of_counts_have_whole_numbers_and_those_of_fractions_per_cent():
    figure = Figure(size=(4, 3))
    axes = figure.axes[0]
    axes.plot([0, 2], [0.4, 0.5])
    count_axis(axes.xaxis)
    percent_axis(axes.yaxis)
    figure.encode()
    assert [tick % 1 for tick in axes.get_xticks()] == [0] * len(axes.get_xticks())
    assert {label.get_text()[-2:] for label in axes.get_yticklabels()} == {" %"}


def test_lines_differ_in_colour_and_style():
    axes = Figure().axes[0]
    lines = [axes.plot([0, 1], [0, 1])[0] for _ in range(6)]
    assert len({line.get_color() for line in lines}) == 6
    assert len({str(line.get_linestyle()) for line in lines}) >= 4


def test_the_style_of_other_figures_is_left_alone():
    matplotlib = pytest.importorskip("matplotlib")
    before = dict(matplotlib.rcParams)
    Figure(title="a").encode()
    assert dict(matplotlib.rcParams) == before


def test_a_single_thing_needs_no_legend():
    figure = Figure(1, 2)
    for count, axes in enumerate(figure.axes, start=1):
        for index in range(count):
            axes.plot([0, 1], label=f"line {index}")
        figure.legend(axes)
    assert [axes.get_legend() is None for axes in figure.axes] == [True, False]


def test_a_logarithmic_axis_has_plain_numbers():
    figure = Figure(size=(4, 3))
    axes = figure.axes[0]
    axes.plot([0, 2], [0.03, 0.4])
    logarithmic_axis(axes.yaxis)
    figure.encode()
    texts = [label.get_text() for label in axes.get_yticklabels(which="both")]
    assert "0.1" in texts and "0.2" in texts and not any("e" in text for text in texts)


def test_many_names_stand_beside_the_axes():
    figure = Figure()
    for index in range(6):
        figure.axes[0].plot([0, 1], label=f"line {index}")
    figure.legend(figure.axes[0])
    assert figure.axes[0].get_legend().get_bbox_to_anchor().x0 > figure.axes[0].bbox.x1 - 1


def test_names_are_shown_as_they_are():
    figure = Figure(size=(3, 2), title="$a^2$")
    axes = figure.axes[0]
    lines = [axes.plot([0, index])[0] for index in (1, 2)]
    axes.set_yticks([0, 1], ["$\\frac", "汉字 हिन्दी"])
    figure.legend_below(lines, ["$x_1$ and $\\frac$", "_hidden"])
    texts = figure.encode("svg", text_as_paths=False).decode()
    for name in ("$a^2$", "$\\frac", "汉字 हिन्दी", "$x_1$ and $\\frac$", "_hidden"):
        assert f">{name}</text>" in texts
    figure.encode("svg")


def test_rows_have_heights_and_files_their_resolution():
    figure = Figure(2, 1, size=(2, 2), heights=(3, 1))
    picture = cv2.imdecode(np.frombuffer(figure.encode(dots_per_inch=50), np.uint8), 1)
    assert picture.shape == (100, 100, 3)
    first, second = (axes.get_position().height for axes in figure.axes)
    assert first == pytest.approx(3 * second, rel=0.01)


def test_counts_of_nothing_have_a_logarithmic_axis():
    axes = Figure(size=(2, 1)).axes[0]
    logarithmic_count_axis(axes, [0, 0])
    assert axes.get_yscale() == "log" and axes.get_ylim()[0] > 0
