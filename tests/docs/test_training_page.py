"""Every command and example of the page about training runs, on networks of a few layers."""

import re
import shlex

import cv2
import pytest

import darknet_torch as dt
from darknet_torch.training.options import TRAIN_OPTIONS
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, blocks, commands
from tests.training.runs import (
    CHARACTERS,
    CLASSIFIER,
    DETECTOR,
    NAMES,
    classifier_data,
    detector_data,
    written,
)

PAGE = "docs/training.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    written(folder, DETECTOR, "custom.cfg")
    detector_data(folder / "squares")
    data = detector_data(folder / "squares", 3, "valid")
    (folder / "custom.data").write_text(data.read_text())
    written(folder, CLASSIFIER, "colours.cfg")
    pictures = sorted(classifier_data(folder / "colours", 3).rglob("train/*/*.png"))
    (folder / "colours.txt").write_text("".join(f"{path}\n" for path in pictures))
    (folder / "colours.names").write_text("\n".join(NAMES) + "\n")
    (folder / "colours.data").write_text(
        "labels=colours.names\nnames=colours.names\ntrain=colours.txt\nvalid=colours.txt\n"
    )
    written(folder, CHARACTERS.replace("max_batches=40", "max_batches=3"), "letters.cfg")
    (folder / "text.txt").write_text("Once upon a time. " * 40)
    return folder


def write_partial_weights():
    """Write weights to start from."""
    dt.write_weights(dt.load("custom.cfg"), "whole.weights")
    dt.partial("custom.cfg", "whole.weights", "custom.conv.3", 3)


def test_the_commands_work(folder, monkeypatch):
    monkeypatch.chdir(folder)
    write_partial_weights()
    for command in commands(PAGE):
        program, *arguments = shlex.split(command)
        assert program == "dtorch"
        if "--scale-schedule" in arguments:  # as for 100 iterations, in fewer
            arguments += ["--max-batches", "8"]
        result = dtorch(*arguments, "--workers", 0)
        assert result.exit_code == 0, f"{command}: {result.output}"
    assert cv2.imread("batch.png") is not None


def test_the_examples_work(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr("builtins.print", lambda *values: None)
    write_partial_weights()
    for example in blocks(PAGE, "python"):
        exec(compile(example, PAGE, "exec"), {})
    assert (folder / "python" / "custom_final.weights").exists()
    assert dt.load("custom.cfg", "own.weights").header.seen == 3 * 2


def test_the_loop_of_ones_own_is_short():
    assert len(blocks(PAGE, "python")[1].split("network = ", 1)[1].splitlines()) <= 15


def test_the_table_lists_the_options_of_python():
    table = (ROOT / PAGE).read_text().partition("| options | values |")[2].partition("\n\n")[0]
    columns = [row.split("|")[1] for row in table.splitlines() if "`" in row]
    assert {name for column in columns for name in re.findall(r"`(\w+)`", column)} == set(
        TRAIN_OPTIONS
    )


def test_there_are_commands():
    assert len(commands(PAGE)) >= 6
