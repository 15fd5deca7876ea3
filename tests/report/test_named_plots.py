"""Plots in files: PNG and SVG of each, whole, and no input replaced."""

import cv2
import pytest

from darknet_torch.errors import UsageError
from darknet_torch.input_files import protected_inputs
from darknet_torch.plots.figure import Figure
from darknet_torch.report.named_plots import plot_paths, write_plots


@pytest.fixture
def figure():
    return Figure(size=(2, 1))


def test_each_plot_is_written_as_png_and_svg(tmp_path, figure):
    folder = tmp_path / "new" / "plots"
    written = write_plots([("one", figure), ("two", figure)], folder)
    assert [path.name for path in written] == ["one.png", "one.svg", "two.png", "two.svg"]
    assert (
        sorted(folder.iterdir()) == sorted(written) == sorted(plot_paths(["one", "two"], folder))
    )
    assert cv2.imread(str(written[0])).shape == (200, 400, 3)
    assert written[1].read_bytes().startswith(b"<?xml")


def test_plots_of_an_earlier_run_are_replaced_and_nothing_else(tmp_path, figure):
    (tmp_path / "one.png").write_bytes(b"old")
    (tmp_path / "note.txt").write_text("mine")
    write_plots([("one", figure)], tmp_path)
    assert (tmp_path / "one.png").read_bytes()[1:4] == b"PNG"
    assert (tmp_path / "note.txt").read_text() == "mine"


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "one.png"
    path.write_bytes(b"input")
    protected_inputs.add([path])
    yield path
    protected_inputs.clear()


def test_an_input_is_not_replaced(picture, figure):
    with pytest.raises(UsageError):
        write_plots([("one", figure)], picture.parent)
    assert picture.read_bytes() == b"input"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path, figure):
    (tmp_path / "plots").write_bytes(b"")
    with pytest.raises(UsageError, match="a folder"):
        write_plots([("one", figure)], tmp_path / "plots")
