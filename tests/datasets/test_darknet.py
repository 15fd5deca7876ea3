import numpy as np
import pytest

from darknet_torch.datasets.darknet import label_path, label_paths, read_labels
from darknet_torch.datasets.opening import open_dataset
from tests.datasets.tiny_datasets import darknet, picture


@pytest.mark.parametrize(
    ("picture", "label"),
    [
        # As AlexeyAB's replace_image_to_label returns.
        ("data/obj/a.jpg", "data/obj/a.txt"),
        ("./data/obj/a.b.JPEG", "data/obj/a.b.txt"),
        ("/coco/images/train2017/a.jpg", "/coco/labels/train2017/a.txt"),
        ("/coco/images/val2014/a.jpg", "/coco/labels/val2014/a.txt"),
        ("/coco/images/test2017/a.jpg", "/coco/images/test2017/a.txt"),
        ("/VOC2007/JPEGImages/a.png", "/VOC2007/labels/a.txt"),
        ("JPEGImages/a.png", "JPEGImages/a.txt"),
        ("/images/a.tiff", "/images/a.txt"),
    ],
)
def test_label_path_follows_alexeyab(picture, label):
    assert str(label_path(picture)) == label


def test_label_paths_lists_pjreddies_path_second():
    assert [str(path) for path in label_paths("/d/images/a.jpg")] == [
        "/d/images/a.txt",
        "/d/labels/a.txt",
    ]
    assert [str(path) for path in label_paths("/d/JPEGImages/a.jpg")] == [
        "/d/labels/a.txt",
        "/d/JPEGImages/a.txt",
    ]
    assert str(label_paths("/d/raw/a.jpg")[1]) == "/d/labels/a.txt"


def test_pjreddies_label_path_is_used_if_only_it_exists(tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("0 .5 .5 .1 .1")
    (tmp_path / "images").mkdir()
    assert label_path(tmp_path / "images/a.jpg") == tmp_path / "labels/a.txt"
    (tmp_path / "images/a.txt").touch()
    assert label_path(tmp_path / "images/a.jpg") == tmp_path / "images/a.txt"


def test_bad_label_lines_are_reported_and_the_rest_is_read(tmp_path):
    file = tmp_path / "a.txt"
    good = "0 0.5 0.5 0.1 0.2\n\n-1\t1.5  -1 0 -0.1 \r\n"
    bad = [
        "0 0.5 0.5 0.1",
        "0 1 1 1 1 1",
        "cat 1 1 1 1",
        "0.5 1 1 1 1",
        "0 nan 1 1 1",
        "0 1 1 1e300 1",
        "0 1 1 1 x",
    ]
    bad.append(f"{2**31} 1 1 1 1")
    file.write_text(good + "\n".join(bad) + "\n2 1 1 1 1")
    labels, problems = read_labels(file)
    assert list(labels.class_ids) == [0, -1, 2]
    np.testing.assert_array_equal(
        labels.boxes, [[0.5, 0.5, 0.1, 0.2], [1.5, -1, 0, -0.1], [1, 1, 1, 1]]
    )
    assert [problem.kind for problem in problems] == ["bad line"] * len(bad)
    assert [problem.where for problem in problems] == [
        f"{file}:{number}" for number in range(4, 4 + len(bad))
    ]
    assert "got 4 words: '0 0.5 0.5 0.1'" in problems[0].what
    assert "score" not in problems[0].what


def test_a_sixth_number_is_explained_where_it_may_be_a_score(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("0 .5 .5 .1 .2 0.87\n0 .5 .5 .1 .2 7\n0 .5 .5 .1 .2 x\n")
    scored, *others = read_labels(file)[1]
    assert (
        "got 6 words: '0 .5 .5 .1 .2 0.87'; the sixth number looks like the score" in scored.what
    )
    assert "not labels to train on; detect without --label-scores" in scored.what
    assert [problem.what.endswith("'") for problem in others] == [True, True]


def test_a_missing_label_file_differs_from_an_empty_one(tmp_path):
    data = darknet(tmp_path, [None, "", "0 .5 .5 .1 .1"])
    labels = [example.labels for example in open_dataset(data).examples]
    assert labels[0] is None
    assert [len(found) for found in labels[1:]] == [0, 1]


def test_a_label_file_that_cannot_be_read_is_reported(tmp_path):
    (tmp_path / "a.txt").mkdir()
    labels, (problem,) = read_labels(tmp_path / "a.txt")
    assert labels is None
    assert problem.kind == "unreadable labels"


def test_difficult_boxes_are_read_from_the_difficult_list(tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 .1 .1", "1 .5 .5 .1 .1"], "valid")
    (tmp_path / "valid/difficult_valid1.txt").write_text("0 .2 .2 .1 .1\n")
    (tmp_path / "hard.txt").write_text(
        "".join(f"{tmp_path}/valid/difficult_valid{index}.png\n" for index in range(2))
    )
    data.write_text(data.read_text() + "difficult=hard.txt\n")
    first, second = open_dataset(data).examples
    assert list(first.labels.difficult) == [False]
    assert list(second.labels.difficult) == [False, True]
    assert list(second.labels.class_ids) == [1, 0]


def test_a_difficult_list_of_another_length_is_reported(tmp_path):
    data = darknet(tmp_path, [""], "valid")
    (tmp_path / "hard.txt").write_text("a.png\nb.png\n")
    data.write_text(data.read_text() + "difficult=hard.txt\n")
    (problem,) = open_dataset(data).problems
    assert problem.kind == "difficult list"
    assert "2 lines for the 1 pictures" in problem.what


def test_classes_without_names_are_named_by_number(tmp_path):
    data = darknet(tmp_path, [""])
    data.write_text("classes=2\ntrain=train.txt\n")
    assert open_dataset(data).names == ("class 0", "class 1")


def test_a_wrong_number_of_classes_is_reported(tmp_path):
    data = darknet(tmp_path, [""])
    data.write_text(data.read_text().replace("classes=2", "classes=3"))
    (problem,) = open_dataset(data).problems
    assert (problem.kind, problem.where) == ("number of classes", str(data))


def test_pictures_are_found_relative_to_the_list(tmp_path):
    data = darknet(tmp_path, [""])
    picture(tmp_path / "here.png")
    (tmp_path / "train.txt").write_bytes(b"\xef\xbb\xbf  here.png \r\n\r\n")
    assert [example.path for example in open_dataset(data).examples] == [tmp_path / "here.png"]


@pytest.mark.parametrize(
    "suffix", [".JPG", ".JPEG", ".Jpeg", ".PNG", ".BMP", ".PPM", ".TIFF", ".jfif", ".webp", ".tif"]
)
def test_any_suffix_of_the_picture_is_replaced(suffix):
    assert str(label_path(f"/d/JPEGImages/a.b{suffix}")) == "/d/labels/a.b.txt"
