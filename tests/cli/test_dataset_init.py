"""`dtorch dataset init`, and the commands that it prints."""

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.command import dtorch
from tests.datasets.forms.tiny_forms import (
    CAT,
    flat,
    labelimg_xml,
    picture,
    roboflow_darknet,
    text,
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_says_what_it_understood_and_the_next_commands_work(folder):
    labelimg_xml(folder / "my photos")
    result = dtorch("dataset", "init", "my photos")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "my photos: pictures with XML labels, 2 pictures, 3 boxes",
        "classes: 0 cat (2), 1 dog (1)",
        "train: 1 picture, valid: 1 picture (split at random, seed 0)",
        "wrote 2 label files for Darknet",
        "wrote dataset.data, dataset.names, train.txt, valid.txt in my photos",
        "next: dtorch check 'my photos/dataset.data'",
        "next: dtorch new yolov4-tiny --data 'my photos/dataset.data'",
    ]
    for line in result.stdout.splitlines()[-2:]:
        _, _, *words = shlex.split(line)
        assert dtorch(*words).exit_code == 0
    assert (folder / "yolov4-tiny-2classes.cfg").is_file()


def test_splits_are_taken_as_found_and_classes_may_have_no_names():
    folder = Path("r")
    roboflow_darknet(folder)
    for file in folder.rglob("_darknet.labels"):
        file.unlink()
    text(folder / "valid/b.txt", f"{CAT}\n2 .5 .5 .1 .1\n0 .5 .5 0 0\n")
    lines = dtorch("dataset", "init", "--data", folder).stdout.splitlines()
    assert lines[1] == "classes: 0 class 0 (2), 1 class 1 (0), 2 class 2 (1)"
    names = "r/dataset.names"
    assert (
        lines[2] == f"note: the classes have no names; write them into {names}, one on each line"
    )
    assert lines[3] == "train: 1 picture, valid: 1 picture (as found)"


def test_one_data_set_at_a_time_and_at_least_one(folder):
    flat(folder / "a")
    assert "several data sets: expected one" in dtorch("dataset", "init", "a", "a").stderr
    result = dtorch("dataset", "init")
    assert (result.exit_code, "no data set: expected a folder" in result.stderr) == (2, True)
    (folder / "empty").mkdir()
    result = dtorch("dataset", "init", "empty")
    assert "empty: no data set" in result.stderr
    assert "got an empty folder; did you mean" not in result.stderr


@pytest.mark.parametrize("broken", [False, True])
def test_both_checks_find_the_same(folder, broken):
    """A folder is checked by both commands, by one list of rules."""
    roboflow_darknet(folder / "r")
    text(folder / "r/train/a.txt", "0 .5 .5 0 .1\n7 .5 .5 .1 .1\n" if broken else f"{CAT}\n")
    (folder / "r/valid/b.txt").unlink()
    one = dtorch("check", "r", "--format", "json", "--quiet")
    two = dtorch("dataset", "check", "r", "--format", "json")
    assert one.exit_code == two.exit_code == 1
    found = [(item["where"], item["what"]) for item in json.loads(one.stdout)]
    same = [(item["where"], f"{item['kind']}: {item['what']}") for item in json.loads(two.stdout)]
    assert found == same
    assert any("r/valid/b.png" in where for where, _ in found)


def test_both_checks_know_folders_of_classes_and_what_is_no_data_set(folder):
    picture(folder / "c/red/a.png", 1), picture(folder / "c/blue/b.png", 2)
    assert "2 pictures" in dtorch("check", "c").stdout
    assert dtorch("dataset", "check", "c").stdout == "0 problems; no splits\n"
    picture(folder / "p/a.png")
    for command in (("check",), ("dataset", "check")):
        result = dtorch(*command, "p")
        assert result.exit_code == 2
        assert "p: no data set: expected" in result.output
        assert "got 1 .png; the pictures are in p/, labels missing" in result.output


def test_class_ids_from_one_are_said_once(folder):
    """AlexeyAB/darknet: labels whose classes count from 1 lose the last class without a word."""
    flat(folder / "f")
    for name in "ab":
        text(folder / f"f/{name}.txt", "1 .5 .5 .2 .2\n2 .4 .4 .2 .2\n2 .3 .3 .2 .2\n")
    for command in (("check",), ("dataset", "check")):
        output = dtorch(*command, "f").stdout
        assert output.count("boxes of class 2 are left out, and there are none of class 0") == 1
        assert "expected class ids from 0 to 1, got class ids from 1 to 2 in 6 labels" in output
        assert "subtract 1 from every class id" in output
        assert "the class does not exist" not in output
    assert dtorch("dataset", "stats", "f").stderr.count("left out") == 1


def test_every_command_takes_the_data_set_as_an_argument(folder):
    flat(folder / "f")
    assert dtorch("dataset", "stats", "f").stdout.startswith("all: 2 pictures")
    assert dtorch("dataset", "show", "f", "--out", "s.png").exit_code == 0
    assert dtorch("dataset", "split", "f", "--out", "parts").exit_code == 0
    assert (folder / "parts/train.txt").is_file()
    assert dtorch("dataset", "convert", "f", "--to", "coco", "--out", "c").exit_code == 0
    assert dtorch("dataset", "check", "c").exit_code == 0
