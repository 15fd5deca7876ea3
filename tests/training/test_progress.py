"""Darknet's lines about a training."""

import re
import time

from darknet_torch.training.progress import IterationTimer, Progress
from darknet_torch.training.updates import Update
from tests.training.small_networks import network

CFG = """[net]
width=32
height=32
channels=1
max_batches=10
[convolutional]
filters=6
size=1
[yolo]
anchors=1,1
num=1
classes=1"""
PARTS = dict.fromkeys(("iou", "recall", "count", "class_loss", "iou_loss", "total_loss"), 0.5)


def test_the_line_of_an_iteration_has_loss_average_and_images():
    progress = Progress(network(CFG), images=4)
    first = progress.line(Update(1, loss=2.0, average_loss=2.0, rate=0.1))
    second = progress.line(Update(2, loss=1.0, average_loss=1.9, rate=0.1))
    assert re.match(r" 1: 2\.000000, 2\.000000 avg loss, 0\.100000 rate, .* 4 images, ", first)
    assert re.match(r" 2: 1\.000000, 1\.900000 avg loss, .* 8 images, .* hours left, ", second)


def test_a_yolo_layer_has_a_line_of_its_own():
    progress = Progress(network(CFG), images=4)
    (line,) = progress.head_lines(Update(1, 2.0, 2.0, 0.1, {1: PARTS}))
    assert line.startswith("v3 (mse loss, Normalizer: (iou: 0.75, obj: 1.00, cls: 1.00) Region 1 ")
    assert "Avg (IOU: 0.500000), .5R: 0.500000, count: 0," in line


def test_the_numbers_of_any_other_layer_are_listed():
    cfg = "[net]\nwidth=4\nheight=4\nchannels=2\n[iseg]\nclasses=1\nids=1\n"
    (line,) = Progress(network(cfg), images=4).head_lines(
        Update(1, 2.0, 2.0, 0.1, {0: {"count": 2.0, "total_loss": 0.5}})
    )
    assert line == "iseg 0: count = 2.000000, total_loss = 0.500000"


def test_a_layer_without_numbers_has_no_line():
    assert Progress(network(CFG), images=4).head_lines(Update(1, 2.0, 2.0, 0.1, {1: {}})) == []


def timed(seconds):
    """A timer whose clock shows the given seconds, one at each look."""
    return IterationTimer(iter((0.0, *seconds)).__next__)


def test_the_first_iteration_counts_only_while_it_is_alone():
    timer = timed((10, 14, 15, 17))
    timer.start()
    assert timer.seconds is None
    found = []
    for _ in range(3):
        timer.add_iteration()
        found.append(timer.seconds)
    assert found == [4, 1, 1.5]


def test_the_time_of_an_evaluation_is_left_out():
    timer = timed((1, 2, 50, 52))
    for pauses in (False, False, True, False):
        if pauses:
            timer.pause()
        timer.add_iteration()
    assert timer.seconds == 1.5  # of 1 and 2, after the first


def test_iterations_that_end_at_once_share_the_time_since_the_last():
    timer = timed((3, 9, 9, 60, 60, 63))
    timer.start()
    found = []
    for left, pauses in ((2, False), (1, False), (2, True), (1, False), (1, False)):
        if pauses:
            timer.pause()
        timer.add_iteration(left)
        found.append(timer.seconds)
    assert found == [3, 3, 3, 3, 3]


def test_lines_of_iterations_that_end_at_once_share_the_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    progress = Progress(network(CFG), images=4, started=0.0)
    assert not progress.is_due
    now[0] = 6.0
    assert progress.is_due
    for number in (1, 2, 3):
        line = progress.line(Update(number, loss=2.0, average_loss=2.0, rate=0.1), 4 - number)
        assert " 2.000000 seconds," in line
    assert not progress.is_due
