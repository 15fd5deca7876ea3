"""The search for anchors that several commands share."""

from fractions import Fraction

import numpy as np
import pytest

from darknet_torch.anchors.kmeans import cluster
from darknet_torch.cli.anchor_search import (
    AnchorSearchOptions,
    AnchorTarget,
    find_anchors,
    measure_boxes,
)
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.errors import CfgWarning, UsageError
from tests.cli.box_data import boxes, write_box_data
from tests.cli.terminals import terminal

TARGET = AnchorTarget(count=3, height=32, width=64, letterbox=False)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with toy.data."""
    monkeypatch.chdir(tmp_path)
    write_box_data(tmp_path)
    return tmp_path


@pytest.fixture
def measured():
    return measure_boxes(open_dataset("toy.data"), TARGET)


@pytest.mark.parametrize(
    ("width", "unit", "text"),
    [
        (64, Fraction(1), "10, 20,  30, 40"),
        (13, Fraction(1), "10.2500,20.0000, 30.5000,40.0000"),  # so small: in cells
        (64, Fraction(8), "1.2812,2.5000, 3.8125,5.0000"),
    ],
)
def test_anchors_are_written_in_the_unit_of_the_cfg(width, unit, text):
    target = AnchorTarget(2, 32, width, letterbox=False, unit=unit)
    assert target.format_anchors(np.array([[10.25, 20], [30.5, 40]])) == text


def test_boxes_are_measured_in_pixels_of_the_input(measured):
    expected = boxes(TARGET.height, TARGET.width)
    np.testing.assert_array_equal(measured.boxes.values, expected.values)
    assert measured.difficult == 0


def test_missing_labels_are_a_warning(folder):
    (folder / "0.txt").unlink()
    data_set = open_dataset("toy.data")
    with pytest.warns(CfgWarning) as caught:
        measure_boxes(data_set, TARGET)
    assert [str(warning.message) for warning in caught] == [
        f"{data_set.origin}: pictures without a label file: 1",
    ]


def test_each_count_gets_the_anchors_of_the_options(measured):
    options = AnchorSearchOptions(variant="mean", seed=3, restarts=2)
    points = find_anchors(options, measured, [2, 4])
    for count, point in zip([2, 4], points, strict=True):
        expected = cluster(measured.boxes, count, variant="mean", seed=3, restarts=2)
        np.testing.assert_array_equal(point.anchors, expected)


def test_generations_refine_the_anchors(measured):
    (plain,) = find_anchors(AnchorSearchOptions(), measured, [3])
    (refined,) = find_anchors(AnchorSearchOptions(generations=100), measured, [3])
    assert refined.fit.average_iou > plain.fit.average_iou


def test_a_terminal_shows_the_progress_until_the_end(measured, monkeypatch):
    options = AnchorSearchOptions(restarts=2, generations=3)
    for quiet in (False, True):
        with terminal(monkeypatch) as shown:
            find_anchors(options, measured, [2, 4], quiet=quiet)
        assert shown.lines() == [""]
        assert ("10/10" in shown.getvalue()) is not quiet


def test_auto_searches_without_a_gpu(measured):
    plain, auto = (
        find_anchors(AnchorSearchOptions(device=device), measured, [2])
        for device in ("cpu", "auto")
    )
    np.testing.assert_array_equal(plain[0].anchors, auto[0].anchors)


def test_an_unknown_device_is_refused(measured):
    with pytest.raises(UsageError) as caught:
        find_anchors(AnchorSearchOptions(device="tpu"), measured, [2])
    assert str(caught.value) == "unknown device: expected cpu, cuda or cuda:N, got 'tpu'"
