"""Data sets that are merged, split, checked, and made of detections."""

import json

import cv2
import numpy as np
import pytest

from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import darknet
from tests.toy.files import CFG, PICTURE


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def detect(*arguments):
    weights, names = CFG.with_suffix(".weights"), CFG.with_suffix(".names")
    model = ("--cfg", CFG, "--weights", weights, "--names", names)
    result = dtorch("detect", *model, "cut.png", "--threshold", "0.01", *arguments)
    assert result.exit_code == 0
    return result.stdout


def write_data_file(labels):
    """A data set of cut.png with the label file that was written."""
    (labels / "cut.png").write_bytes((labels.parent / "cut.png").read_bytes())
    (labels.parent / "list.txt").write_text(f"{labels}/cut.png\n")
    (labels.parent / "cut.data").write_text(f"classes=3\nnames={CFG.with_suffix('.names')}\n")
    with (labels.parent / "cut.data").open("a") as file:
        file.write("train=list.txt\n")
    return "cut.data"


@pytest.fixture
def cut(folder):
    """A picture whose objects reach beyond its edges."""
    image = cv2.imread(str(PICTURE))
    cv2.imwrite("cut.png", image[image.shape[0] // 3 :, image.shape[1] // 3 :])
    return folder


def test_detections_beyond_the_picture_become_correct_labels(cut):
    """AlexeyAB/darknet 4018, 5909: boxes have negative coordinates, or end outside the picture."""
    boxes = [
        found["relative_coordinates"]
        for found in json.loads(detect("--format", "json"))[0]["objects"]
    ]
    beyond = [box for box in boxes if box["center_x"] < box["width"] / 2 - 0.02]
    assert beyond, "the picture does not show what this is about"
    detect("--format", "txt", "--out", "labels")
    check = dtorch(
        "dataset", "check", "--data", write_data_file(cut / "labels"), "--format", "json"
    )
    kinds = {problem["kind"] for problem in json.loads(check.stdout)}
    assert kinds <= {"class without boxes"}
    assert (cut / "labels/cut.txt").read_text()


def test_labels_with_scores_are_explained_where_they_are_read(cut):
    """ultralytics/ultralytics 1170, AlexeyAB/darknet 7432: a sixth value, which tools refuse."""
    detect("--format", "txt", "--out", "labels", "--label-scores")
    check = dtorch("dataset", "check", "--data", write_data_file(cut / "labels"))
    assert check.exit_code == 1
    line = check.stdout.splitlines()[0]
    assert line.startswith(
        f"bad line: {cut}/labels/cut.txt:1: expected class x y width height, got 6"
    )
    assert "the sixth number looks like the score of a detection" in line
    assert "detect without --label-scores (Ultralytics: save_conf), or delete the column" in line


def test_two_data_sets_with_other_classes_become_one(folder):
    """AlexeyAB/darknet 2855: soccer in two sets; one says goal, the other goalpost."""
    one = darknet(folder / "one", ["0 .5 .5 .1 .1\n3 .5 .5 .2 .2\n"])
    two = darknet(folder / "two", ["2 .5 .5 .3 .3\n3 .5 .5 .4 .4\n"], "valid")
    for data, names in ((one, "player ball flag goalpost"), (two, "player ball goal flag pname")):
        (data.parent / "toy.names").write_text(names.replace(" ", "\n") + "\n")
        data.write_text(data.read_text().replace("classes=2", f"classes={len(names.split())}"))
    result = dtorch("dataset", "merge", one, two, "--rename", "goal=goalpost", "--out", "both")
    assert (result.exit_code, result.stderr) == (0, "")
    names = (folder / "both/dataset.names").read_text().split()
    assert names == ["player", "ball", "flag", "goalpost", "pname"]
    (labels,) = (path for path in (folder / "both/labels").iterdir() if "valid" in path.name)
    assert [line[0] for line in labels.read_text().splitlines()] == ["3", "2"]


def video_of(seed, frames):
    """Frames that move by a pixel."""
    spots = np.random.default_rng(seed).normal(128, 40, (8, 12, 3))
    scene = np.clip(cv2.resize(spots, (200, 120), interpolation=cv2.INTER_CUBIC), 0, 255)
    return [np.roll(scene, shift, 1).astype(np.uint8) for shift in range(frames)]


def test_frames_of_a_recording_are_found_in_both_splits_and_can_be_kept_together(folder):
    """HULKs/hulk 2831: the frames of a recording are in train and in valid."""
    frames = [frame for seed in range(5) for frame in video_of(seed, 4)]
    paths = [folder / f"frame{index:02}.png" for index in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        cv2.imwrite(str(path), frame)
        path.with_suffix(".txt").write_text("0 .5 .5 .1 .1\n")
    (folder / "all.names").write_text("robot\n")
    (folder / "all.data").write_text(
        "classes=1\nnames=all.names\ntrain=train.txt\nvalid=valid.txt\n"
    )
    for name, chosen in (("train", paths[::2]), ("valid", paths[1::2])):
        (folder / f"{name}.txt").write_text("".join(f"{path}\n" for path in chosen))
    check = dtorch("dataset", "check", "--data", "all.data")
    assert check.exit_code == 1
    named = [f"near duplicate in two splits: {path}: in valid, nearly" for path in paths[1::2]]
    assert all(name in check.stdout for name in named)
    assert f"{paths[1]}: in valid, nearly the same picture as {paths[0]} in train" in check.stdout
    split = dtorch("dataset", "split", "--data", "all.data", "--out", "out")
    assert split.stdout.splitlines() == [
        "equal or nearly equal pictures: 20 in 5 groups, each of which stays in one part",
        "train: 16 pictures",
        "valid: 4 pictures",
    ]
    again = dtorch("dataset", "check", "--data", "out/dataset.data")
    assert again.exit_code == 0
    assert "near duplicate in two splits" not in again.stdout
