"""Every command and example of the page about data sets runs."""

import shlex

import pytest

from darknet_torch.datasets.opening import open_splits
from tests.cli.command import dtorch
from tests.datasets.forms.tiny_forms import flat, retinanet_csv
from tests.datasets.tiny_datasets import voc, voc_object
from tests.docs.pages import blocks, commands

PAGE = "docs/datasets.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the VOC roots that the page assumes."""
    folder = tmp_path_factory.mktemp("datasets")
    objects = voc_object((10, 20, 50, 60)) + voc_object((1, 1, 200, 100), "dog", difficult=1)
    for split in ("train", "val"):
        voc(folder / "VOC2007", [objects, voc_object((3, 3, 30, 30), "dog")], split)
    voc(folder / "VOC2012", [voc_object((5, 5, 90, 90), "bird")], "trainval")
    flat(folder / "photos")
    retinanet_csv(folder)
    (folder / "annotations.csv").rename(folder / "boxes.csv")
    return folder


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_works(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    program, *arguments = shlex.split(command)
    assert program == "dtorch"
    result = dtorch(*arguments)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("example", blocks(PAGE, "python"))
def test_the_example_works(example, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    exec(compile(example, PAGE, "exec"), {})
    assert capsys.readouterr().out.endswith("('cat', 'dog') ()\n")


def test_the_last_format_has_the_corners_of_the_first(folder):
    for name in ("train0", "train1", "val0", "val1"):
        first, last = (
            [line for line in text.replace("><", ">\n<").split() if line.startswith(("<x", "<y"))]
            for text in (
                (folder / root / "Annotations" / f"{name}.xml").read_text()
                for root in ("VOC2007", "VOC-again")
            )
        )
        # Difficult boxes come last in Darknet's format, as they do in this set.
        assert first == last
    splits = open_splits([folder / "VOC-again"])
    assert {name: len(data.examples) for name, data in splits.items()} == {"train": 2, "val": 2}


def test_there_are_commands_on_the_page():
    assert len(commands(PAGE)) >= 10
