"""The plot of learning rates: its labels, its bounds, a legend for several."""

import pytest

from darknet_torch.plots.learning_rate import RateCurve, plot_rates

CURVES = [RateCurve("one", [1, 2, 8], [0.1, 0.2, 0.2]), RateCurve("two", [1, 4], [0.3, 0.1])]


@pytest.mark.parametrize("count", [1, 2])
def test_the_axes_are_named_and_hold_all_curves(count):
    pytest.importorskip("matplotlib")
    [axes] = plot_rates(CURVES[:count], "Learning rate").axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("iteration", "learning rate")
    assert axes.get_xlim() == (0, 8)
    assert axes.get_ylim()[0] == 0
    assert [line.get_label() for line in axes.lines] == ["one", "two"][:count]
    assert (axes.get_legend() is not None) == (count > 1)
