"""What people mistype or overlook with their first data set, and the way on from there."""

import shlex

import cv2
import pytest

from tests.cli.command import dtorch
from tests.datasets import tiny_datasets
from tests.datasets.forms.tiny_forms import (
    CAT,
    coco,
    images_and_labels,
    labels_folder,
    picture,
    roboflow_coco,
    roboflow_darknet,
    roboflow_yolo,
    text,
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
    """Labels of pictures that are elsewhere were written next to the JSON."""
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
    assert "train: 1 picture" in result.stdout
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


def listed(folder, **splits):
    """set.data with the pictures of each split by their numbers."""
    for number in {one for numbers in splits.values() for one in numbers}:
        picture(folder / f"{number}.png", number)
        text(folder / f"{number}.txt", f"{CAT}\n")
    for name, numbers in splits.items():
        text(folder / f"{name}.txt", "".join(f"{folder}/{one}.png\n" for one in numbers))
    text(folder / "obj.names", "cat\n")
    keys = "".join(f"{name}={name}.txt\n" for name in splits)
    text(folder / "set.data", f"classes=1\nnames=obj.names\n{keys}")


def test_training_on_what_is_evaluated_on_is_one_line_with_a_command_that_works(folder):
    """Yolo_mark's example and coco128 evaluate on the training data."""
    listed(folder, train=range(5), valid=range(5))
    (line,) = dtorch("dataset", "check", "set.data").stdout.splitlines()[:-2]
    pictures = f"{folder}/0.png, {folder}/1.png, {folder}/2.png"
    assert f"(valid): 5 pictures of valid are in train, too, such as {pictures};" in line
    command = shlex.split(line.rpartition("split again, ")[2])
    assert command == ["dtorch", "dataset", "split", "set.data", "--out", "set-split"]
    assert dtorch(*command[1:]).exit_code == 0
    assert dtorch("dataset", "check", "set-split").exit_code == 0


def test_split_says_what_becomes_of_the_test_split(folder):
    """A data set with train, valid and test had only train and valid afterwards."""
    listed(folder, train=range(4), val=[4], test=[5, 6])
    result = dtorch("dataset", "split", "set.data", "--out", "a")
    assert result.stderr == (
        "note: the pictures of test are dealt out, too; to leave them out, give --split train "
        "--split val\n"
    )
    chosen = ("--split", "train", "--split", "val", "--out", "b")
    assert dtorch("dataset", "split", "set.data", *chosen).stderr == ""


def test_near_duplicates_in_one_split_need_nothing(folder):
    """Frames of a video in one split were to be kept in one split."""
    listed(folder, train=range(2), valid=[5])
    noise = cv2.imread(str(tiny_datasets.picture(folder / "0.png")))
    cv2.imwrite(str(folder / "1.png"), cv2.add(noise, 1))
    shown = dtorch("check", "set.data").stdout
    assert "0.png in train; nothing to do while both stay in one split" in shown


def test_suggestions_are_not_lost_behind_what_is_expected(folder):
    """The list of forms was longer than a line, and the suggestion came after it."""
    roboflow_yolo(folder / "rf")
    result = dtorch("dataset", "init", "rf/data.yml")
    assert result.stderr == (
        "dtorch: rf/data.yml: no such data set: expected a .data file, a data.yaml, a COCO "
        ".json, a .csv, a list, or a folder of labelled pictures; did you mean rf/data.yaml?\n"
    )
    lines = dtorch("dataset", "init", "rf").stdout.splitlines()
    assert [line.startswith("next: ") for line in lines[-3:-1]] == [True, True]
    assert lines[-1] == "note: AlexeyAB's C program would look for the labels next to the pictures"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("nope_folder/", "nope_folder/: no such file or folder"),
        ("rf/tarin", "rf/tarin: no such file or folder; did you mean rf/train?"),
        ("rff", "rff: no such file or folder, nor a shipped definition of that name; did you"),
        ("yolov4-tinny", "a shipped definition of that name; did you mean 'yolov4-tiny'?"),
        ("x.cfg", "x.cfg: no such cfg file"),
    ],
)
def test_check_of_what_does_not_exist_speaks_of_files_and_folders(folder, word, message):
    """The error about a folder with a typing error spoke of cfg files."""
    roboflow_yolo(folder / "rf")
    result = dtorch("check", word)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_a_list_above_may_name_what_the_system_cannot_look_up(folder):
    images_and_labels(folder / "rf")
    (folder / "rf/x.data").write_text("classes=1\ntrain=rf/x.txt\n")
    (folder / "rf/x.txt").write_bytes(b"a\0b.jpg\n")
    assert dtorch("dataset", "init", "rf/images/train", "--out", "out").exit_code == 0
