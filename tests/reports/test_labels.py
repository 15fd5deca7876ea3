"""Labels in pixels and out of range: every command names the same boxes and leaves them out."""

import json
import re

import pytest

from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import coco, darknet, voc, voc_object

GOOD = "0 .5 .5 .2 .2\n0 .5 .5 .4 .4\n1 .4 .4 .3 .5\n"
NET = "[net]\nwidth=32\nheight=32\nchannels=3\nbatch=2\nmax_batches=1\nburn_in=0\n"
NET += "learning_rate=.001\n[convolutional]\nfilters=7\nstride=32\n"
NET += "[yolo]\nclasses=2\nnum=1\nanchors=8,8\nrandom=0\n"
# Lines after three good ones -> kind of problem, what is got.
WRONG = {
    "0 -.3 .5 .4 .2": ("box outside", "class 0, -0.3 0.5 0.4 0.2"),
    "0 1.2 .5 .5 .2": ("box outside", "class 0, 1.2 0.5 0.5 0.2"),
    "0 .5 .5 1.5 .2": ("box too large", "class 0, 0.5 0.5 1.5 0.2"),
    "0 80 60 40 40": ("box outside", "class 0, 80 60 40 40"),
    "1 .5 .5 0 .2": ("zero size", "class 1, 0.5 0.5 0 0.2"),
    "1 .5 .5 .2 -.2": ("zero size", "class 1, 0.5 0.5 0.2 -0.2"),
    "2 .5 .5 .2 .2": ("class id", "class 2, 0.5 0.5 0.2 0.2"),
    "-1 .5 .5 .2 .2": ("class id", "class -1, 0.5 0.5 0.2 0.2"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.cfg").write_text(NET)
    return tmp_path


def write_data(folder, *more):
    """A data set whose train and valid list have the same labels."""
    darknet(folder, [GOOD, *more])
    return darknet(folder, [GOOD, *more], "valid")


def run_all(data, split="train", *more):
    """The result of every command that judges labels, by its name."""
    results = folder_results(data.parent)
    where = ("--data", data, *more)
    return {
        "kmeans": dtorch("kmeans", *where, "-k", 2, "--width", 96, "--height", 96),
        "stats": dtorch("dataset", "stats", *where),
        "map": dtorch("eval", *where, "--split", split, "--results", results),
        "train": dtorch("train", "--cfg", "toy.cfg", *where, "--workers", 0, "--backup", "new"),
        "check": dtorch("dataset", "check", *where),
    }


def folder_results(folder):
    """An empty results file."""
    file = folder / "results.json"
    file.write_text("[]")
    return file


def test_a_label_in_pixels_is_named_by_every_command_with_its_line(folder):
    """pjreddie/darknet 1584: anchors of thousands of pixels from one label file in pixels."""
    data = write_data(folder, "\n1 80 60 40 40\n1 20 20 60 60\n")
    file = folder / "train/train1.txt"
    message = (
        "looks like pixels; the box is left out: expected x y width height as fractions of the "
        "picture, above 0 and at most 1, got class 1, {}; divide x and width by the width of the "
        "picture, y and height by its height"
    )
    for name, result in run_all(data).items():
        text = result.stdout if name == "check" else result.stderr
        assert f"{file}:2: {message.format('80 60 40 40')}" in text, name
        assert f"{file}:3: {message.format('20 20 60 60')}" in text, name
        assert result.exit_code == (name == "check"), name


def test_anchors_are_those_of_the_good_boxes(folder):
    """pjreddie/darknet 1584: the same anchors with and without the faulty file."""
    words = ["-k", 2, "--width", 96, "--height", 96, "--data"]
    with_fault = dtorch("kmeans", *words, write_data(folder / "a", "1 80 60 40 40\n"))
    without = dtorch("kmeans", *words, write_data(folder / "b", ""))
    assert with_fault.stdout == without.stdout
    strict = dtorch("kmeans", "--strict", *words, folder / "a/toy.data")
    assert strict.exit_code == 2
    assert "refused under --strict" in strict.stderr


def test_calc_anchors_and_new_name_it_too(folder):
    """pjreddie/darknet 1584, in Darknet's own spelling, and for a new cfg."""
    data = write_data(folder, "1 80 60 40 40\n")
    words = "-num_of_clusters 2 -width 96 -height 96".split()
    result = dtorch("detector", "calc_anchors", data, *words)
    assert "train1.txt:1: looks like pixels" in result.stderr
    assert "counters_per_class = 2, 1" in result.stdout
    new = dtorch("new", "yolov3-tiny", "--data", data, "--anchors", "auto", "--out", "new.cfg")
    assert new.exit_code == 2  # three boxes are too few for its anchors
    assert "train1.txt:1: looks like pixels" in new.stderr


def test_every_wrong_line_is_left_out_by_every_command_alike(folder):
    """AlexeyAB/darknet's "Wrong annotation" and "Wrong label", for each of their conditions."""
    data = write_data(folder, GOOD + "".join(f"{line}\n" for line in WRONG))
    file = folder / "train/train1.txt"
    results = run_all(data)
    for number, (kind, got) in enumerate(WRONG.values(), 4):
        for name, result in results.items():
            text = result.stdout if name == "check" else result.stderr
            found = re.search(rf"{re.escape(str(file))}:{number}: .*", text)
            assert found, (name, number)
            assert "left out: expected " in found[0]
            assert f"got {got}; " in found[0]
        assert f"{kind}: {file}:{number}: " in results["check"].stdout
    assert "2 pictures, 6 boxes" in results["kmeans"].stderr
    assert "6 boxes (0 difficult)" in results["stats"].stdout
    assert "unique_truth_count = 6 " in results["map"].stdout
    counts = "3 x box outside, 1 x box too large, 2 x zero size, 2 x class id"
    assert f"problems in the data: {counts}" in results["train"].stderr


def test_validation_labels_are_judged_as_training_labels(folder):
    """AlexeyAB/darknet's map counts boxes that are no boxes."""
    darknet(folder, [GOOD])
    data = darknet(folder, [GOOD + "0 .5 .5 0 0\n7 .5 .5 .1 .1\n"], "valid")
    result = dtorch(*f"train --cfg toy.cfg --map --workers 0 --data {data} --backup new".split())
    assert result.exit_code == 0
    assert "valid0.txt:4: the width or the height is not above 0" in result.stderr
    assert "valid0.txt:5: the class does not exist" in result.stderr
    assert "unique_truth_count = 3 " in result.stdout


def test_only_the_first_ten_are_printed(folder):
    """A whole data set in pixels: 160 lines on the screen hide all else."""
    data = write_data(folder, *["1 80 60 40 40\n1 20 20 60 60\n"] * 8)
    for name, result in run_all(data).items():
        if name != "check":
            assert result.stderr.count("looks like pixels") == (20 if name == "stats" else 10)
            assert "more problems like these" in result.stderr
    assert "6 more problems like these; dtorch dataset check lists them" in (
        dtorch("dataset", "stats", "--data", data).stderr
    )


def test_boxes_of_voc_are_named_by_file_and_number(folder):
    """XML files have no line for a box: its number among the objects is given."""
    objects = voc_object((1, 1, 90, 90)) + voc_object((1, 1, 60, 30), "dog")
    wrong = voc_object((1, 1, 60, 60), "bird") + voc_object((50, 50, 50, 90))
    data = voc(folder / "VOC", [objects + wrong + voc_object((300, 10, 400, 90))])
    (folder / "toy.names").write_text("cat\ndog\n")
    for name, result in run_all(data, "train", "--names", folder / "toy.names").items():
        text = result.stdout if name == "check" else result.stderr
        assert "train0.xml: box 4: the width or the height is not above 0" in text, name
        assert "train0.xml: box 5: the centre is outside of the picture" in text, name


def test_boxes_of_coco_are_named_by_picture_and_number(folder):
    """One JSON file has all boxes: the picture and the number of the box in it are given."""
    good = [(3, [0, 0, 50, 50]), (9, [0, 0, 90, 60])]
    data = coco(folder, [[*good, (9, [300, 0, 50, 50]), (3, [10, 10, 0, 20])]])
    for name, result in run_all(data, "train", "--images", folder / "images").items():
        text = result.stdout if name == "check" else result.stderr
        assert "images/train0.png: box 3: the centre is outside of the picture" in text, name
        assert "images/train0.png: box 4: the width or the height is not above 0" in text, name


def test_difficult_boxes_are_named_by_their_own_file(folder):
    """The boxes of difficult= stand in other files than the others."""
    data = darknet(folder, [GOOD], "valid")
    (folder / "difficult.txt").write_text(f"{folder}/hard.png\n")
    (folder / "hard.txt").write_text("0 .5 .5 .2 .2\n\n0 .5 .5 .2 0\n")
    with data.open("a") as file:
        file.write("difficult=difficult.txt\n")
    result = dtorch("dataset", "stats", "--data", data)
    assert f"{folder}/hard.txt:3: the width or the height is not above 0" in result.stderr
    assert "4 boxes (1 difficult)" in result.stdout


def test_conversion_keeps_wrong_boxes(folder):
    """A conversion loses nothing, so that the boxes can be corrected afterwards."""
    data = write_data(folder, "0 .5 .5 0 .2\n")
    result = dtorch("dataset", "convert", "--data", data, "--to", "darknet", "--out", "out")
    assert result.exit_code == 0
    text = (folder / "out/labels/train1.txt").read_text()
    assert text.split() == ["0", "0.50000000", "0.50000000", "0.00000000", "0.20000000"]


def test_the_parts_of_a_problem_are_in_the_json_report(folder):
    """A program that reads the report gets where, what, expected, got and fix apart."""
    data = write_data(folder, "0 .5 .5 0 .2\n")
    result = dtorch("dataset", "check", "--data", data, "--format", "json")
    (found,) = [item for item in json.loads(result.stdout) if "train1.txt" in item["where"]]
    assert found == {
        "kind": "zero size",
        "where": f"{folder}/train/train1.txt:1",
        "what": "the width or the height is not above 0; the box is left out",
        "expected": "a width and a height above 0",
        "got": "class 0, 0.5 0.5 0 0.2",
        "fix": "delete the line, or draw the box again",
    }


def test_the_order_of_the_classes_of_a_voc_root_is_told(folder):
    """AlexeyAB/darknet's voc.names is not alphabetical: a mAP of 0 without a word."""
    data = voc(folder / "VOC", [voc_object((1, 1, 90, 90)) + voc_object((1, 1, 60, 30), "dog")])
    note = "classes in alphabetical order: cat, dog; --names FILE gives another order"
    train = f"train --cfg toy.cfg --workers 0 --data {data} --backup new".split()
    assert f"note: {data}: {note}" in dtorch(*train).stderr
    (folder / "toy.names").write_text("dog\ncat\n")
    message = (
        f"warning: {data}: the classes are taken in alphabetical order, not as in toy.names: "
        "expected dog, cat, got cat, dog; --names toy.names takes the order of that file"
    )
    evaluate = f"eval --cfg toy.cfg --data {data} --split train --results".split()
    results = folder_results(folder)
    assert message in dtorch(*evaluate, results).stderr
    given = dtorch(*evaluate, results, "--names", "toy.names")
    assert "alphabetical" not in given.stderr and given.stdout.index("dog") < given.stdout.index(
        "cat"
    )


def test_many_classes_are_checked_quickly(folder):
    """classes=200000 in a .data file took minutes: names were compared each with each."""
    data = write_data(folder, "")
    text = data.read_text().replace("classes=2\nnames=toy.names", "classes=50000")
    data.write_text(text)
    result = dtorch("dataset", "check", "--data", data)
    assert result.stdout.count("class without boxes: ") == 1001
    assert "48,998 more of this kind" in result.stdout
