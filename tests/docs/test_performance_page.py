"""The commands of the page about performance exist; they take minutes, so they are only parsed."""

import re
import shlex

import click
import pytest

from darknet_torch.cli.bench import bench
from tests.docs.pages import ROOT, commands
from tools.bench import main
from tools.bench_infer_results import GOALS

PAGE = "docs/performance.md"
COMMANDS = commands(PAGE)
TEXT = (ROOT / PAGE).read_text()
BENCHMARKS = [line for line in COMMANDS if line.startswith("python tools/")]
COMPARISONS = [line for line in COMMANDS if line.startswith("dtorch bench ")]
# How to install the packages that are compared with.
INSTALLATION = [
    "pip install -e '.[peers]'",
    "python -m venv .venv-opencv4",
    ".venv-opencv4/bin/pip install 'opencv-python<5'",
]


@pytest.mark.parametrize("command", BENCHMARKS)
def test_the_benchmark_takes_these_words(command, tmp_path, monkeypatch):
    for folder in ("here", "darknet"):
        (tmp_path / folder).mkdir()
    (tmp_path / "darknet/darknet").touch()  # the program to compare with
    monkeypatch.chdir(tmp_path / "here")
    _, program, name, *words = shlex.split(command)
    assert program == "tools/bench.py"
    benchmark = main.get_command(click.Context(main), name)
    with benchmark.make_context(name, words):
        pass


@pytest.mark.parametrize("command", COMPARISONS)
def test_the_comparison_of_engines_takes_these_words(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with bench.make_context("bench", shlex.split(command)[2:]):
        pass


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("make")])
def test_make_has_the_target(command):
    target = shlex.split(command)[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_command_is_one_of_these():
    assert len(COMMANDS) >= 7
    known = BENCHMARKS + COMPARISONS + INSTALLATION
    others = [line for line in COMMANDS if line not in known]
    assert all(line.startswith("make ") for line in others)


def test_the_goals_on_the_page_are_those_that_are_printed():
    rows = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if line[:2] == "| "]
    (heading,) = [row for row in rows if row[0] == "ratio of medians"]
    shown = {row[0]: dict(zip(heading, row, strict=True)) for row in rows if len(row) == 6}
    for goal in GOALS:
        for limits in (goal.limits, goal.stretch):
            for network, limit in limits.items():
                assert f"{limit:.2f}" in shown[goal.title][network]
