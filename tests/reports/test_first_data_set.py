"""What people mistype or overlook with their first data set, and the way on from there."""

import pytest

from tests.cli.command import dtorch
from tests.datasets.forms.tiny_forms import (
    coco,
    images_and_labels,
    labels_folder,
    roboflow_coco,
    roboflow_darknet,
    roboflow_yolo,
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def entries(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def one_json(folder, pictures):
    """labels.json with a.png, which is in the folder `pictures`."""
    coco(folder)
    (folder / "annotations/instances_train2017.json").rename(folder / "labels.json")
    (folder / "train2017").rename(folder / pictures)
    return folder / "labels.json"


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ("a/pisc", "did you mean a/pics?"),
        ("a/jpeg", "the folders in a are annotations, pics, val2017"),
        ("b/pics", "the folders in "),
    ],
)
def test_a_picture_folder_that_does_not_exist_is_an_error_everywhere(folder, given, fix):
    """A typing error in --images made a folder of that name and put labels into it."""
    one_json(folder / "a", "pics")
    before = entries(folder)
    for command in (
        ("dataset", "init"),
        ("check",),
        ("dataset", "stats"),
        ("dataset", "split", "--out", "out"),
        ("dataset", "convert", "--to", "voc", "--out", "out"),
    ):
        result = dtorch(*command, "a/labels.json", "--images", given)
        assert result.exit_code == (1 if command == ("check",) else 2)
        shown = result.stdout + result.stderr
        assert f"{given}: no such folder: expected the folder of the pictures; {fix}" in shown
    assert entries(folder) == before
    assert dtorch("dataset", "init", "a/labels.json", "--images", "a/pics").exit_code == 0
    assert "is no folder" in dtorch("check", "a/labels.json", "--images", "a/labels.json").stdout


@pytest.mark.parametrize(
    "command",
    [
        ("init", "--out", "out"),
        ("convert", "--to", "darknet", "--pictures", "keep", "--out", "out"),
        ("convert", "--to", "coco", "--out", "out"),
    ],
)
def test_nothing_is_written_where_no_picture_exists(folder, command):
    """Labels of pictures that are elsewhere were written beside the JSON."""
    one_json(folder / "a", "elsewhere")
    before = entries(folder)
    name, *options = command
    result = dtorch("dataset", name, "a/labels.json", *options)
    assert result.exit_code == 2
    assert "a/labels.json: none of the pictures exists: expected pictures where" in result.stderr
    assert "got no a/a.png; put them there" in result.stderr
    assert "with --images DIR" in result.stderr
    assert entries(folder) == before


def test_split_of_labels_without_pictures_writes_no_labels(folder):
    """A folder of COCO files is split into Darknet's lists, with label files."""
    coco(folder / "a")
    for name in ("train2017/a.png", "val2017/b.png"):
        (folder / "a" / name).unlink()
    result = dtorch("dataset", "split", "a", "--out", "out")
    assert (result.exit_code, "none of the pictures exists" in result.stderr) == (2, True)
    assert not (folder / "out").exists()


def test_missing_pictures_are_left_out_and_counted(folder):
    """One of the pictures of a COCO data set was not copied."""
    coco(folder / "a")
    (folder / "a/val2017/b.png").unlink()
    (folder / "a/val2017").rmdir()
    result = dtorch("dataset", "init", "a", "--out", "out")
    assert result.exit_code == 0
    assert "left out: 1 x missing picture; dtorch dataset check lists them" in result.stdout
    assert "train: 1 pictures" in result.stdout
    assert not (folder / "out/valid.txt").exists()
    assert not (folder / "a/val2017").exists()


@pytest.mark.parametrize(
    ("make", "part", "whole"),
    [
        (roboflow_yolo, "rf/train", "rf/data.yaml"),
        (roboflow_yolo, "rf/valid/images", "rf/data.yaml"),
        (roboflow_darknet, "rf/train", "rf"),
        (roboflow_coco, "rf/valid", "rf"),
        (images_and_labels, "rf/images/train", "rf"),
    ],
)
def test_one_folder_too_deep_is_no_data_set_of_its_own(folder, make, part, whole):
    """A folder of Roboflow's export was split anew, without the names in data.yaml."""
    make(folder / "rf")
    before = entries(folder)
    result = dtorch("dataset", "init", part)
    assert result.exit_code == 2
    assert f"{part}: is a part of a data set" in result.stderr
    assert f"expected the whole of it, {whole}; run dtorch dataset init {whole};" in result.stderr
    assert entries(folder) == before
    assert dtorch("dataset", "init", whole).exit_code == 0
    result = dtorch("dataset", "init", part, "--out", "out")
    assert "; run dtorch check rf/dataset.data; or, to split" in result.stderr
    assert dtorch("dataset", "init", part, "--valid", "0", "--out", "out").exit_code == 0


def test_a_folder_beside_others_is_a_data_set(folder, monkeypatch):
    """Folders above may hold anything; only what has the pictures of the folder counts."""
    roboflow_yolo(folder / "rf")
    labels_folder(folder / "rf/mine")
    monkeypatch.chdir(folder / "rf/mine")
    assert dtorch("dataset", "init", ".").exit_code == 0
