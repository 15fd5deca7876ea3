"""The figure of every plot."""

import cv2
import pytest

from darknet_torch.errors import UsageError
from darknet_torch.plots.figure import Figure


def test_a_figure_becomes_a_picture(tmp_path):
    figure = Figure(1, 2, size=(4, 2))
    assert len(figure.axes) == 2
    figure.axes[0].plot([0, 1], [0, 1])
    figure.save(tmp_path / "plot.png")
    assert cv2.imread(str(tmp_path / "plot.png")).shape == (200, 400, 3)


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"unknown plot format.*\.png or \.svg or \.pdf"):
        Figure().save(tmp_path / "plot.doc")
