"""Every command and example of the page about training runs, on networks of a few layers."""

import shlex

import cv2
import pytest

from tests.cli.command import dtorch
from tests.docs.pages import blocks, commands
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


def test_the_commands_work(folder, monkeypatch):
    monkeypatch.chdir(folder)
    part = ("train", "--cfg", "custom.cfg", "--data", "custom.data", "--max-batches", 1)
    assert dtorch(*part, "--workers", 0).exit_code == 0
    assert dtorch("partial", "custom.cfg", "runs/custom/custom_final.weights", "custom.conv.3", 3)
    for command in commands(PAGE):
        program, *arguments = shlex.split(command)
        assert program == "dtorch"
        result = dtorch(*arguments, "--workers", 0)
        assert result.exit_code == 0, f"{command}: {result.output}"
    assert cv2.imread("batch.png") is not None


@pytest.mark.parametrize("example", blocks(PAGE, "python"))
def test_the_example_works(example, folder, monkeypatch):
    monkeypatch.chdir(folder)
    exec(compile(example, PAGE, "exec"), {})
    assert (folder / "python" / "custom_final.weights").exists()


def test_there_are_commands():
    assert len(commands(PAGE)) >= 6
