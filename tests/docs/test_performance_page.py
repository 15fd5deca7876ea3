"""The commands of the page about performance exist; they take minutes, so they are only parsed."""

import re
import shlex

import click
import pytest

from tests.docs.pages import ROOT, commands
from tools.bench import main

PAGE = "docs/performance.md"
COMMANDS = commands(PAGE)


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("python")])
def test_the_benchmark_takes_these_words(command):
    _, program, name, *words = shlex.split(command)
    assert program == "tools/bench.py"
    benchmark = main.get_command(click.Context(main), name)
    with benchmark.make_context(name, words):
        pass


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("make")])
def test_make_has_the_target(command):
    target = shlex.split(command)[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_command_is_one_of_these():
    assert len(COMMANDS) >= 7
    assert all(line.startswith(("python tools/bench.py ", "make ")) for line in COMMANDS)
