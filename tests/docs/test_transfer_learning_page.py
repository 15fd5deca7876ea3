"""Every command and example of the page about transfer learning."""

import shlex

import pytest

import darknet_torch as dt
from tests.cli.command import dtorch
from tests.docs.pages import blocks, commands
from tests.training.runs import (
    CLASSIFIER,
    DETECTOR,
    NAMES,
    classifier_data,
    detector_data,
    written,
)

PAGE = "docs/transfer-learning.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    cfg = written(folder, DETECTOR, "custom.cfg")
    (folder / "custom.data").write_text(detector_data(folder / "squares").read_text())
    dt.train(cfg, folder / "custom.data", max_batches=1, workers=0, backup=folder / "whole")
    dt.partial(cfg, folder / "whole" / "custom_final.weights", folder / "custom.conv.3", 3)
    written(folder, CLASSIFIER, "colours.cfg")
    pictures = sorted(classifier_data(folder / "colours", 2).rglob("train/*/*.png"))
    (folder / "colours.txt").write_text("".join(f"{path}\n" for path in pictures))
    (folder / "colours.names").write_text("\n".join(NAMES) + "\n")
    (folder / "colours.data").write_text("labels=colours.names\ntrain=colours.txt\n")
    return folder


def test_the_commands_work(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert len(commands(PAGE)) == 3
    for command in commands(PAGE):
        _, *arguments = shlex.split(command)
        result = dtorch(*arguments, "--workers", 0)
        assert result.exit_code == 0, f"{command}: {result.output}"


def test_the_example_works(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (example,) = blocks(PAGE, "python")
    exec(compile(example, PAGE, "exec"), {})
    assert (folder / "python-phases" / "custom_final.weights").exists()
