"""What is known at the start of a training is said before its first iteration."""

import shutil
from collections import namedtuple

import pytest

from darknet_torch.evaluation import detector_map
from tests.cli.command import dtorch
from tests.training.runs import (
    CLASSIFIER,
    DETECTOR,
    classifier_data,
    detector_data,
    written,
)

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path):
    """A data set of six pictures to train on and three to evaluate on, and a cfg."""
    detector_data(tmp_path / "data", 3, "valid")
    detector_data(tmp_path / "data")
    written(tmp_path, DETECTOR)
    return tmp_path


def train(folder, *words, cfg="small.cfg", data="data/squares.data"):
    return dtorch(
        *("train", "--cfg", folder / cfg, "--data", folder / data, "--workers", 0),
        *("--backup", folder / "backup", *words),
    )


def refused(folder, *words, **files):
    """The message of a training that does not start."""
    result = train(folder, *words, **files)
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    assert not (folder / "backup").exists()
    return result.stderr


@pytest.mark.parametrize("names", ["red\ngreen\n", "red\ngreen\nblue\nwhite\n"])
def test_names_that_do_not_fit_the_classes_end_it_before_the_first_iteration(folder, names):
    """pjreddie/darknet 1632: it trained until the first mAP, and saved nothing."""
    (folder / "data" / "squares.names").write_text(names)
    have = names.count("\n")
    message = refused(folder, "--map")
    assert "squares.names: the number of class names differs" in message
    assert (
        f"expected 3 names, as classes=3 in {folder}/small.cfg, got {have} (red, gree" in message
    )
    assert f"make a cfg with dtorch new {folder}/small.cfg --classes {have}" in message
    other = folder / "own.names"
    other.write_text("one\n")
    assert f"{other}: the number" in refused(folder, "--map", "--names", other)


def test_without_an_evaluation_other_names_are_a_warning(folder):
    """Training reads no names in Darknet."""
    (folder / "data" / "squares.names").write_text("red\ngreen\n")
    result = train(folder, "--max-batches", 1)
    assert result.exit_code == 0
    # classes= of the data file contradicts them in the same way: one warning is enough.
    assert result.stderr.count("number of class names differs") == 1
    assert "squares.data: the number of class names differs from classes=: expected 3" in (
        result.stderr
    )
    data = folder / "data" / "squares.data"
    data.write_text(data.read_text().replace("classes=3", "classes=2"))
    result = train(folder, "--max-batches", 1, "--overwrite")
    assert "squares.names: the number of class names differs from the network's" in result.stderr
    assert "got 2 (red, green)" in result.stderr
    # The last line before the first iteration, so that nobody trains the wrong network for days.
    before = result.stderr.partition("v3 (ciou")[0].splitlines()[-1]
    assert before.startswith("input 64 x 64, 3 classes (but 2 class names), 1 iterations of ")


def test_classes_of_the_data_file_alone_are_compared_too(folder):
    data = folder / "data" / "squares.data"
    lines = [line for line in data.read_text().splitlines() if not line.startswith("names=")]
    data.write_text("\n".join(lines).replace("classes=3", "classes=2"))
    message = refused(folder, "--map")
    assert "squares.data: the number of class names" in message
    assert "expected 3 names" in message


def test_a_missing_list_to_evaluate_on_is_found_at_the_start(folder):
    """AlexeyAB/darknet says so itself: "Don't use -map flag. Or set valid="."""
    (folder / "data" / "valid.txt").unlink()
    message = refused(folder, "--map")
    assert "valid.txt: cannot be read" in message
    assert "expected a list of pictures, on which --map evaluates" in message
    assert "correct valid= of" in message
    assert train(folder, "--max-batches", 1).exit_code == 0


def test_a_missing_list_to_train_on_is_named_with_its_key(folder):
    (folder / "data" / "train.txt").unlink()
    message = refused(folder)
    assert "train.txt: cannot be read (No such file or directory); correct train= of " in message


def test_missing_pictures_to_train_on_are_said_to_be_missing(folder):
    """Neither their labels, which cannot be there either, nor that they become negatives."""
    gone = folder / "data" / "train_1.png"
    for path in (gone, gone.with_suffix(".txt")):
        path.unlink()
    result = train(folder, "--max-batches", 2)
    assert result.exit_code == 0
    assert result.stderr.count(f"warning: {gone}: no such picture; another one is drawn") == 1
    assert "label" not in result.stderr
    assert "problems in the data: 1 x unreadable picture" in result.stderr


def test_a_list_of_missing_pictures_alone_is_refused(folder):
    for path in (folder / "data").glob("train_*"):
        path.unlink()
    message = refused(folder)
    assert (
        "squares.data: not one picture to train on exists: expected paths of pictures" in message
    )
    assert "got 6 of 6 missing: " in message
    assert "correct the list of the split train" in message


def test_an_empty_list_to_evaluate_on_is_found_at_the_start(folder):
    (folder / "data" / "valid.txt").write_text("\n")
    message = refused(folder, "--map")
    assert "(valid): no pictures to evaluate on: expected at least one, got an empty" in message


@pytest.mark.parametrize("broken", ["missing", "unreadable"])
def test_pictures_to_evaluate_on_are_opened_at_the_start(folder, broken):
    pictures = sorted((folder / "data").glob("valid_*.png"))
    for picture in pictures:
        picture.unlink() if broken == "missing" else picture.write_bytes(b"no picture")
    message = refused(folder, "--map")
    assert "(valid): not one picture to evaluate on can be read: expected pictures that" in message
    found = "3 of 3 missing: " if broken == "missing" else "3 that cannot be decoded, such as "
    assert f"got {found}{pictures[0]}" in message
    assert "correct the list of the split valid, or train without --map" in message


def test_some_missing_pictures_to_evaluate_on_are_a_warning(folder):
    (folder / "data" / "valid_1.png").unlink()
    result = train(folder, "--map", "--max-batches", 1)
    assert result.exit_code == 0
    assert "pictures to evaluate on are missing: got 1 of 3 missing: " in result.stderr
    assert "mean average precision" in result.stdout


@pytest.mark.parametrize(
    ("text", "found", "fix"),
    [
        (None, "no boxes; 3 of the pictures have no label file", "label the pictures"),
        ("", "no boxes", "label the pictures"),
        ("no label\n", "no boxes", "label the pictures"),
        ("7 .5 .5 .2 .2\n", "3 boxes (class ids 7..7): 3 x class id", "dtorch dataset check"),
        ("0 9 9 .1 .1\n", "3 boxes (class ids 0..0): 3 x in pixels", "dtorch dataset check"),
    ],
)
def test_labels_without_a_box_to_evaluate_on_are_found_at_the_start(folder, text, found, fix):
    for label in (folder / "data").glob("valid_*.txt"):
        label.unlink() if text is None else label.write_text(text)
    message = refused(folder, "--map")
    assert "(valid): no box to evaluate on: expected boxes of the classes 0..2" in message
    assert f"got {found}" in message
    assert fix in message


def test_a_list_of_a_classifier_to_evaluate_on_is_checked_too(tmp_path):
    data = classifier_data(tmp_path / "colours", 2)
    written(tmp_path, CLASSIFIER)
    for picture in (data / "valid").rglob("*.png"):
        picture.write_bytes(b"no picture")
    assert "not one picture to evaluate on" in refused(tmp_path, "--map", data="colours")
    assert train(tmp_path, "--max-batches", 1, data="colours").exit_code == 0


def test_class_ids_from_1_are_explained_where_no_box_is_left(folder):
    """160 labels of one class, all with the id 1, trained on nothing, with status 0."""
    text = DETECTOR.replace("classes=3", "classes=1").replace("filters=24", "filters=18")
    written(folder, text)
    for label in (folder / "data").glob("train_*.txt"):
        label.write_text("1 .5 .5 .2 .2\n")
    message = refused(folder)
    assert (
        "squares.data: no box is left to train on: expected boxes of the classes 0..0" in message
    )
    assert "got 6 boxes (class ids 1..1): 6 x class id" in message
    assert "class ids seem to count from 1; Darknet's count from 0: subtract 1" in message


def test_class_ids_from_1_are_explained_where_some_boxes_are_left(folder):
    for index, label in enumerate(sorted((folder / "data").glob("train_*.txt"))):
        label.write_text(f"{1 + index % 3} .5 .5 .2 .2\n")
    result = train(folder, "--max-batches", 1)
    assert result.exit_code == 0
    assert "expected class ids in 0..2, got class ids in 1..3; class ids seem to" in result.stderr
    assert "the class does not exist" not in result.stderr
    assert "problems in the data: 2 x class id" in result.stderr


def test_a_training_set_without_any_box_is_refused(folder):
    for label in (folder / "data").glob("train_*.txt"):
        label.unlink()
    message = refused(folder)
    assert "no box is left to train on" in message
    assert "got no boxes; 6 of the pictures have no label file; label the pictures" in message


def test_an_empty_list_to_train_on_is_named(folder):
    for label in (folder / "data").glob("train_*.txt"):
        label.write_text("")
    message = refused(folder, "--overfit", 2)
    assert "(train): no pictures to train on: expected pictures with boxes, got 6" in message
    (folder / "data" / "train.txt").write_text("")
    message = refused(folder)
    assert "(train): no pictures to train on: expected at least one, got an empty list" in message
    assert "(train): no pictures to train on" in refused(folder, "--epochs", 2)


def test_a_disk_without_room_for_a_checkpoint_is_an_error(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**6, 10**6, 3000))
    message = refused(folder)
    assert f"{folder}/backup: the disk has no room for a checkpoint: expected " in message
    assert "for one pair of weights and state, got 3.0 kB free; free some room" in message


def test_a_disk_without_room_for_all_files_is_a_warning_with_numbers(folder, monkeypatch):
    asked = []

    def usage(path):
        asked.append(path)
        return Usage(10**6, 10**6, 100_000)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    result = train(folder, "--save-every", 1)
    assert result.exit_code == 0
    assert "backup: the disk has no room for all files of the training: expected " in result.stderr
    size = (folder / "backup" / "small_1.weights").stat().st_size
    assert f"6 numbered weight files of {size / 1000:.1f} kB each" in result.stderr
    assert "got 100.0 kB free" in result.stderr
    assert asked == [folder]  # the folder of the run does not exist yet


@pytest.mark.parametrize("error", [MemoryError("no room"), ValueError("cv2"), OSError(28, "full")])
def test_an_evaluation_that_fails_never_costs_weights(folder, monkeypatch, error):
    """pjreddie/darknet 1632: the first evaluation ended the training, with nothing saved."""

    def fail(*args, **options):
        raise error

    monkeypatch.setattr(detector_map, "detect_all", fail)
    result = train(folder, "--map", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert "warning: iteration 6: the evaluation failed; training goes on" in result.stderr
    assert f"expected a score, got {type(error).__name__}: " in result.stderr
    assert "evaluate saved weights with dtorch map" in result.stderr
    assert (folder / "backup" / "small_final.weights").exists()
    assert not (folder / "backup" / "small_best.weights").exists()


def test_weights_for_other_classes_are_cut_with_partial(folder):
    """A new user starts from published weights: --allow-leftover is no option of train."""
    train(folder, "--max-batches", 1)
    other = DETECTOR.replace("classes=3", "classes=1").replace("filters=24", "filters=18")
    written(folder, other, "one.cfg")
    weights = folder / "backup" / "small_final.weights"
    result = train(folder, "--weights", weights, cfg="one.cfg")
    assert result.exit_code == 2
    assert "--allow-leftover" not in result.stderr
    assert "bytes left over after the last layer: expected" in result.stderr
    assert "probably 3 classes in the file, 1 in the cfg: to start from" in result.stderr
    command = result.stderr.partition("run dtorch ")[2].partition(", and give")[0].split()
    assert command[0] == "partial"
    assert command[-1] == "4"
    command[3] = folder / "cut.weights"
    assert dtorch(*command).exit_code == 0
    for label in (folder / "data").glob("train_*.txt"):
        label.write_text("0 .5 .5 .2 .2\n")
    started = train(
        folder,
        "--weights",
        command[3],
        "--max-batches",
        1,
        "--backup",
        folder / "b",
        cfg="one.cfg",
    )
    assert started.exit_code == 0, started.stderr


@pytest.mark.parametrize(("shared", "warned"), [(3, True), (2, True), (1, False)])
def test_an_evaluation_on_pictures_to_train_on_is_a_warning(folder, shared, warned):
    """AlexeyAB/Yolo_mark: its obj.data has the same list twice, and the score is read as good."""
    train_list, valid_list = (folder / "data" / f"{name}.txt" for name in ("train", "valid"))
    same = train_list.read_text().splitlines()[:shared]
    own = valid_list.read_text().splitlines()[shared:]
    valid_list.write_text("\n".join(same + own) + "\n")
    result = train(folder, "--map", "--max-batches", 1)
    assert result.exit_code == 0
    what = "squares.data: the evaluation says nothing about new pictures: expected pictures to"
    assert result.stderr.count(what) == warned
    if warned:
        assert f"got {shared} of 3 pictures that are trained on, too; dtorch dataset" in (
            result.stderr
        )


def test_the_command_of_that_warning_makes_lists_of_different_pictures(folder, monkeypatch):
    monkeypatch.chdir(folder)
    shutil.copy(folder / "data" / "train.txt", folder / "data" / "valid.txt")
    message = train(folder, "--map", "--max-batches", 1).stderr
    command = message.partition("too; dtorch ")[2].partition(" makes lists")[0].split()
    assert dtorch(*command).exit_code == 0
    result = train(folder, "--map", "--backup", "b", data="squares-split/dataset.data")
    assert result.exit_code == 0, result.stderr
    assert "says nothing about" not in result.stderr
    assert "says nothing about" not in train(folder, "--overfit", 2, "--backup", "c").stderr
