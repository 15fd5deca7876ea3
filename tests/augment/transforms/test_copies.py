"""Augmented copies of a data set: counts, boxes, names, and what stays as it is."""

import cv2
import numpy as np
import pytest

from darknet_torch.augment.transforms.copies import write_augmented
from darknet_torch.augment.transforms.geometry import Affine, Flip
from darknet_torch.augment.transforms.table import DEFAULT_STEPS
from darknet_torch.datasets.opening import open_splits
from darknet_torch.errors import UsageError
from tests.augment.transforms.shapes import found_box, iou, picture_of
from tests.cli.command import dtorch

FLIPPED = (Flip(probability=1),)


@pytest.fixture
def data(tmp_path):
    """Two pictures to train on, one to evaluate on, each with one box."""
    folder = tmp_path / "source"
    folder.mkdir()
    picture = picture_of("ellipse")
    height, width = picture.image.shape[:2]
    left, top, right, bottom = picture.boxes[0] / (width, height, width, height)
    line = f"0 {(left + right) / 2} {(top + bottom) / 2} {right - left} {bottom - top}\n"
    for name in ("a.png", "b.jpg", "c.png"):
        cv2.imwrite(str(folder / name), picture.image)
        (folder / name).with_suffix(".txt").write_text(line)
    (folder / "train.txt").write_text(f"{folder}/a.png\n{folder}/b.jpg\n")
    (folder / "valid.txt").write_text(f"{folder}/c.png\n")
    (folder / "d.names").write_text("disc\n")
    file = folder / "d.data"
    file.write_text(
        f"classes=1\ntrain={folder}/train.txt\nvalid={folder}/valid.txt\nnames={folder}/d.names\n"
    )
    return file


def contents(folder):
    """All files below a folder but those with absolute paths, by name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in files if path.parent != folder}


def test_copies_join_the_pictures_to_train_on(data, tmp_path):
    out = tmp_path / "out"
    done = write_augmented(open_splits([data]), out, DEFAULT_STEPS, times=3)
    assert done.counts == {"train": (8, 8), "valid": (1, 1)}
    assert (done.split, done.copies, done.boxes, done.dropped) == ("train", 6, 6, 0)
    splits = open_splits([out / "dataset.data"])
    assert [item.path.name for item in splits["valid"].examples] == ["c.png"]
    made = [item for item in splits["train"].examples if "augmented" in item.path.name]
    assert sorted(item.path.suffix for item in made) == [".jpg"] * 3 + [".png"] * 3
    pictures = [cv2.imread(str(item.path)) for item in made]
    assert len({picture.tobytes() for picture in pictures}) == 6
    assert (out / "JPEGImages" / "a.png").read_bytes() == data.with_name("a.png").read_bytes()


def test_boxes_of_copies_are_around_their_objects(data, tmp_path):
    steps = (*FLIPPED, Affine(rotation=(-40, 40), boxes="ellipse", probability=1))
    write_augmented(open_splits([data]), tmp_path / "out", steps, times=2, originals=False)
    (split,) = open_splits([tmp_path / "out" / "dataset.data"]).values()
    assert len(split.examples) == 4
    for item in split.examples:
        picture, (box,) = cv2.imread(str(item.path)), item.labels.boxes
        corners = np.concatenate((box[:2] - box[2:] / 2, box[:2] + box[2:] / 2))
        height, width = picture.shape[:2]
        assert iou(corners * (width, height, width, height), found_box(picture)) >= 0.9


def test_the_seed_decides(data, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_augmented(open_splits([data]), tmp_path / name, DEFAULT_STEPS, times=1, seed=seed)
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    assert a != c


def test_boxes_that_leave_a_copy_are_counted(data, tmp_path):
    away = (Affine(rotation=(0, 0), translation=(0.9, 0.9), probability=1),)
    done = write_augmented(open_splits([data]), tmp_path / "out", away, times=1)
    assert (done.copies, done.boxes, done.dropped) == (2, 0, 2)


def test_a_name_that_is_taken_is_not_used_again(data, tmp_path):
    folder = data.parent
    for suffix in (".png", ".txt"):
        (folder / f"a{suffix}").rename(folder / f"b-augmented-1{suffix}")
    (folder / "train.txt").write_text(f"{folder}/b.jpg\n{folder}/b-augmented-1.png\n")
    done = write_augmented(open_splits([data]), tmp_path / "out", FLIPPED, times=1)
    assert done.counts["train"] == (4, 4)
    names = {path.stem for path in (tmp_path / "out" / "JPEGImages").iterdir()}
    assert len(names) == 5


def test_a_picture_that_cannot_be_read_has_no_copies(data, tmp_path):
    data.with_name("a.png").write_bytes(b"nothing")
    done = write_augmented(open_splits([data]), tmp_path / "out", FLIPPED, times=2)
    assert done.copies == 2
    assert {problem.kind for problem in done.problems} == {"unreadable picture"}
    assert not list(tmp_path.glob("out/*/a.png"))


def test_a_folder_with_files_is_refused(data, tmp_path):
    (tmp_path / "note.txt").touch()
    with pytest.raises(UsageError, match="the output folder is not empty"):
        write_augmented(open_splits([data]), tmp_path, FLIPPED, times=1)


def test_the_command_reports_what_it_wrote(data, tmp_path):
    steps = tmp_path / "steps.yaml"
    steps.write_text("- flip: {probability: 1}\n")
    words = ("dataset", "augment", data, tmp_path / "out", "--times", 2, "--augment", steps)
    result = dtorch(*words)
    assert result.exit_code == 0, result.output
    assert "train: 6 pictures, 6 boxes" in result.output
    assert "4 of train are augmented, with 4 boxes; 0 boxes left the picture" in result.output
    again = dtorch(*words)
    assert again.exit_code == 2
    assert "not empty" in again.output


def test_darknets_augmentation_makes_no_pictures(data, tmp_path):
    result = dtorch("dataset", "augment", data, tmp_path / "out", "--augment", "cfg")
    assert result.exit_code == 2
    assert "a list of steps without cfg" in result.output
    assert not (tmp_path / "out").exists()
