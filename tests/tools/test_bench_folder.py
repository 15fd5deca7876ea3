"""The benchmark of folders and videos, on a network of a few layers."""

import re

import cv2
import pytest
import torch
from click.testing import CliRunner

from tests.training.runs import DETECTOR, written
from tools.bench import main


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


@pytest.mark.parametrize("words", [(), ("--video", "--save", "--batch", 2)])
def test_it_prints_ratio_and_steps(words, tmp_path):
    net = f"{written(tmp_path, DETECTOR)}:32"
    options = ("--net", net, "--pictures", 4, "--repeats", 1, "--threads", 1, *words)
    result = CliRunner().invoke(main, ["folder", *map(str, options)])
    assert result.exit_code == 0, result.output
    for name in ("detect", "network alone"):
        assert re.search(rf"^{name}: [1-9]\d*\.\d pictures per second, ", result.output, re.M)
    assert re.search(r"^throughput, ratio to the network alone: \d\.\d\d$", result.output, re.M)
    steps = ("read a picture", "prepare", "network", r"find \d+ boxes", "draw", "write a picture")
    numbers = ", ".join(rf"{step} \d+\.\d" for step in steps)
    assert re.search(rf"on one thread: {numbers}$", result.output, re.M)
