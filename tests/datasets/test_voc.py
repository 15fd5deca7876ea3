import numpy as np
import pytest

from darknet_torch.datasets.opening import list_splits, open_dataset
from tests.datasets.tiny_datasets import voc, voc_object


def only(data, **options):
    (example,) = open_dataset(data, **options).examples
    return example


@pytest.mark.parametrize("origin", [0, 1])
def test_voc_origin_is_subtracted_from_the_corners(tmp_path, origin):
    data = voc(tmp_path, [voc_object((10, 20, 50, 60))])
    (box,) = only(data, voc_origin=origin).labels.boxes
    # voc_label.py: x = ((10 + 50) / 2 - 1) / 200, y = ((20 + 60) / 2 - 1) / 100, ...
    np.testing.assert_allclose(box, [(30 - origin) / 200, (40 - origin) / 100, 0.2, 0.4], 1e-15)


def test_difficult_objects_are_marked_and_parts_are_ignored(tmp_path):
    data = voc(tmp_path, [voc_object((1, 1, 9, 9)) + voc_object((1, 1, 5, 5), difficult=1)])
    found = open_dataset(data)
    assert found.names == ("cat",)
    assert list(found.examples[0].labels.difficult) == [False, True]


def test_the_classes_come_from_all_splits(tmp_path):
    voc(tmp_path, [voc_object((1, 1, 9, 9), "zebra")], "train")
    data = voc(tmp_path, [voc_object((1, 1, 9, 9), "ant")], "val")
    assert open_dataset(data).names == ("ant", "zebra")
    assert list_splits(data) == ["train", "val"]


def test_classes_names_in_the_root_sets_the_order(tmp_path):
    data = voc(tmp_path, [voc_object((1, 1, 9, 9), "cat")])
    (data / "classes.names").write_text("dog\ncat\n")
    found = open_dataset(data)
    assert found.names == ("dog", "cat")
    assert list(found.examples[0].labels.class_ids) == [1]


def test_single_class_lists_are_not_splits_but_can_be_read(tmp_path):
    data = voc(tmp_path, [""])
    (data / "ImageSets/Main/cat_train.txt").write_text("train0 -1\n")
    assert list_splits(data) == ["train"]
    assert only(data, split="cat_train").path == data / "JPEGImages/train0.png"


def test_ids_may_have_spaces(tmp_path):
    data = voc(tmp_path, ["", ""], "cell 1")
    for index, name in enumerate(("cell 1", "cell 0")):
        (data / f"Annotations/cell 1{index}.xml").rename(data / f"Annotations/{name}.xml")
    (data / "ImageSets/Main/cell 1.txt").write_text("cell 1\ncell 0\n")
    assert list_splits(data) == ["cell 1"]
    found = [example.label_file.stem for example in open_dataset(data).examples]
    assert found == ["cell 1", "cell 0"]


def test_a_root_without_lists_is_one_split(tmp_path):
    data = voc(tmp_path, ["", ""])
    (data / "ImageSets/Main/train.txt").unlink()
    (data / "ImageSets/Main").rmdir()
    assert list_splits(data) == ["all"]
    names = [example.path.name for example in open_dataset(data).examples]
    assert names == ["train0.png", "train1.png"]


def test_a_missing_size_is_measured_from_the_picture(tmp_path):
    data = voc(tmp_path, [voc_object((0, 0, 100, 50))], size="")
    found = only(data)
    assert found.size is None
    np.testing.assert_allclose(found.labels.boxes, [[0.25, 0.25, 0.5, 0.5]])


def test_faulty_annotations_are_reported_and_the_rest_is_read(tmp_path):
    objects = [
        voc_object((1, 1, 9, 9)) + voc_object((1, 1, 9, 9), "yeti") + voc_object("1x23"),
        "<broken>",
        "",
    ]
    data = voc(tmp_path, objects)
    (data / "Annotations/train2.xml").unlink()
    found = open_dataset(data, names=["cat"])
    assert [problem.kind for problem in found.problems] == [
        "unknown class",
        "bad box",
        "unreadable labels",
    ]
    assert [example.labels is None for example in found.examples] == [False, True, True]
    assert len(found.examples[0].labels) == 1


def test_numbers_that_no_picture_has_are_reported(tmp_path):
    found = open_dataset(voc(tmp_path, [voc_object((1, 1, 9, "1e300"))]))
    assert [problem.kind for problem in found.problems] == ["bad box"]
    assert len(found.examples[0].labels) == 0


def test_a_picture_of_unknown_size_has_no_labels(tmp_path):
    data = voc(tmp_path, [voc_object((1, 1, 9, 9))], size="<size><width>0</width></size>")
    (data / "JPEGImages/train0.png").unlink()
    found = open_dataset(data)
    assert found.examples[0].labels is None
    assert [problem.kind for problem in found.problems] == ["no size"]
