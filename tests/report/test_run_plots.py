"""The curves of trainings."""

import numpy as np
import pytest

from darknet_torch.plots.inline_svg import inline_svg
from darknet_torch.report.run_plots import run_plots, thinned
from tests.report.fabricated_runs import ROWS, written_run

pytest.importorskip("matplotlib")


def lines_of(plot, runs):
    return [line for line in plot.draw(runs).axes[0].lines if len(line.get_xdata())]


def test_each_figure_has_a_line_for_each_training(tmp_path):
    runs = [written_run(tmp_path / name, label=name) for name in "ab"]
    plots = {plot.name: plot for plot in run_plots(runs)}
    assert list(plots) == ["map-0-50", "average-loss", "loss", "validation-loss", "rate"]
    for plot in plots.values():
        assert [line.get_label() for line in lines_of(plot, runs)] == ["a", "b"]
    score = lines_of(plots["map-0-50"], runs)[0]
    assert score.get_xdata().tolist() == [2, 3, 4]
    assert score.get_ydata().tolist() == [0.25, 0.75, 0.5]


def test_a_training_keeps_its_colour_where_another_has_no_numbers(tmp_path):
    rows = [{"iteration": 1, "loss": 1.0}]
    runs = [written_run(tmp_path / "a", rows=rows), written_run(tmp_path / "b", label="b")]
    plots = {plot.name: plot for plot in run_plots(runs)}
    (only,) = lines_of(plots["rate"], runs)
    assert only.get_color() == lines_of(plots["loss"], runs)[1].get_color()


def test_trainings_with_other_scores_get_other_figures(tmp_path):
    rows = [{"iteration": 2, "valid/mAP@0.50:0.95": 0.1, "valid/mAP@0.50": 0.5}]
    runs = [written_run(tmp_path / "a"), written_run(tmp_path / "b", rows=rows)]
    plots = {plot.title: plot for plot in run_plots(runs)}
    assert list(plots) == ["mAP@0.50", "mAP@0.50:0.95", *list(plots)[2:]]
    assert len(lines_of(plots["mAP@0.50"], runs)) == 2
    assert len(lines_of(plots["mAP@0.50:0.95"], runs)) == 1


def test_numbers_that_are_not_finite_are_left_out(tmp_path):
    rows = [*ROWS, {"iteration": 5, "loss": float("nan"), "average_loss": float("inf")}]
    run = written_run(tmp_path, rows=rows)
    plots = [plot for plot in run_plots([run]) if "loss" in plot.name]
    assert [len(lines_of(plot, [run])[0].get_xdata()) for plot in plots] == [4, 4, 3]


def test_trainings_without_numbers_have_no_figures(tmp_path):
    assert run_plots([written_run(tmp_path, rows=[{"iteration": 1}])]) == []


@pytest.mark.parametrize(("count", "kept"), [(100, 100), (101, 100), (54321, 100), (0, 0)])
def test_a_long_line_is_thinned_without_its_peaks(count, kept):
    x, y = np.arange(count), np.random.default_rng(0).normal(size=count)
    left_x, left_y = thinned(x, y, 100)
    assert len(left_x) <= kept
    assert len(left_x) >= min(count, 50)
    assert (np.diff(left_x) > 0).all()
    if count:
        assert (left_x[0], left_x[-1]) == (0, count - 1)
        assert (left_y.min(), left_y.max()) == (y.min(), y.max())
        assert (y[left_x] == left_y).all()


def test_a_line_alone_is_named_where_there_are_other_trainings(tmp_path):
    rows = [{"iteration": 1, "loss": 1.0}]
    runs = [written_run(tmp_path / "a", label="a"), written_run(tmp_path / "b", rows=rows)]
    plot = next(plot for plot in run_plots(runs) if plot.name == "rate")
    assert b">a</text>" in inline_svg(plot.draw(runs), "rate")
    assert b">a</text>" not in inline_svg(plot.draw(runs[:1]), "rate")
