"""Where the time of a network goes, on one of a few layers."""

import re

import pytest
import torch
from click.testing import CliRunner

from tests.training.runs import DETECTOR, written
from tools.bench import main


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_it_prints_a_line_for_each_kind_of_layer(tmp_path):
    net = f"{written(tmp_path, DETECTOR)}:32"
    words = ["layers", "--net", net, "--threads", "1", "--repeats", "2"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    first, heading, *rows = result.output.splitlines()
    assert re.search(r", 1 threads: \d+\.\d ms$", first)
    assert heading.split()[:2] == ["layers", "count"]
    assert any(row.startswith("convolutional 3x3, leaky") for row in rows)
    shares = [float(re.search(r"([\d.]+)%", row)[1]) for row in rows]
    assert sum(shares) == pytest.approx(100, abs=0.1 * len(rows))  # one decimal each
