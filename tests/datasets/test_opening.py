import json
from functools import partial

import numpy as np
import pytest

from darknet_torch.datasets.opening import dataset_format, list_splits, open_dataset, open_splits
from darknet_torch.errors import NamesError, UsageError
from tests.datasets.tiny_datasets import coco, darknet, voc, voc_object
from tests.media.picture_files import turned_jpeg

# The same box in each format: 20 x 10 pixels at left 30, top 40 of a picture of 200 x 100.
BOX_VOC, BOX_COCO, BOX = (30, 40, 50, 50), [30, 40, 20, 10], [0.2, 0.45, 0.1, 0.1]


def same_data_set(tmp_path, form):
    if form == "darknet":
        return darknet(tmp_path, ["0 .2 .45 .1 .1\n1 .2 .45 .1 .1"]), None
    if form == "coco":
        return coco(tmp_path, [[(3, BOX_COCO), (9, BOX_COCO)]]), tmp_path / "images"
    return voc(tmp_path, [voc_object(BOX_VOC) + voc_object(BOX_VOC, "dog")]), None


@pytest.mark.parametrize("form", ["darknet", "coco", "voc"])
def test_all_formats_give_the_same_data_set(tmp_path, form):
    data, images = same_data_set(tmp_path, form)
    assert dataset_format(data) == form
    assert list_splits(data) == ["train"]
    found = open_dataset(data, images=images)
    assert found.names == ("cat", "dog")
    assert found.problems == ()
    (example,) = found.examples
    assert example.path.is_file()
    np.testing.assert_array_equal(example.labels.class_ids, [0, 1])
    np.testing.assert_allclose(example.labels.boxes, [BOX, BOX], rtol=1e-15)  # one rounding
    assert not example.labels.difficult.any()
    assert example.size == (None if form == "darknet" else (100, 200))
    assert example.picture_id == (1 if form == "coco" else None)


@pytest.mark.parametrize("form", ["darknet", "coco", "voc"])
def test_given_names_set_the_order_of_the_classes(tmp_path, form):
    data, images = same_data_set(tmp_path, form)
    found = open_dataset(data, images=images, names=["dog", "cat"])
    assert found.names == ("dog", "cat")
    # Darknet's label files contain ids, not names, so the ids stay.
    assert list(found.examples[0].labels.class_ids) == ([0, 1] if form == "darknet" else [1, 0])


def test_names_may_be_a_file(tmp_path):
    data, _ = same_data_set(tmp_path, "voc")
    (tmp_path / "two.names").write_text("dog\ncat\n")
    assert open_dataset(data, names=tmp_path / "two.names").names == ("dog", "cat")


def test_an_empty_names_file_is_an_error(tmp_path):
    data, _ = same_data_set(tmp_path, "voc")
    (tmp_path / "none.names").touch()
    with pytest.raises(NamesError, match=r"none\.names: no names"):
        open_dataset(data, names=tmp_path / "none.names")


@pytest.mark.parametrize(
    ("there", "asked", "found"),
    [
        (["train", "valid"], None, "train"),
        (["test"], None, "test"),
        (["train", "val"], "valid", "val"),
        (["train", "valid"], "val", "valid"),
        (["train", "val", "valid"], "valid", "valid"),
    ],
)
@pytest.mark.parametrize("make", [darknet, voc])
def test_which_split_is_read(tmp_path, make, there, asked, found):
    for split in there:
        data = make(tmp_path, [""], split)
    read = open_dataset(data, split=asked)
    assert [example.path.stem for example in read.examples] == [f"{found}0"]


def test_a_missing_split_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no split 'test': expected one of train"):
        open_dataset(voc(tmp_path / "v", [""]), split="test")
    with pytest.raises(UsageError, match="has no test=: expected test=FILE"):
        open_dataset(darknet(tmp_path, [""]), split="test")


def test_a_path_that_is_not_a_data_set_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.data: no such data set"):
        open_dataset(tmp_path / "gone.data")
    with pytest.raises(UsageError, match=r"no data set: expected a \.data file"):
        open_dataset(tmp_path)
    (tmp_path / "none.data").write_text("classes=2\n")
    with pytest.raises(UsageError, match="no lists of pictures: expected train=FILE"):
        open_dataset(tmp_path / "none.data")
    for text in ("[]", "{", json.dumps({"images": [], "annotations": [], "categories": 1})):
        (tmp_path / "no.json").write_text(text)
        with pytest.raises(UsageError, match=r"not valid JSON|not a COCO data set"):
            open_dataset(tmp_path / "no.json")


def test_splits_with_different_classes_or_equal_names_are_an_error(tmp_path):
    one = coco(tmp_path / "one", [[]])
    two = coco(tmp_path / "two", [[]], "val", categories=[{"id": 1, "name": "cow"}])
    with pytest.raises(UsageError, match="the splits have different classes"):
        open_splits([one, two])
    with pytest.raises(UsageError, match="two splits are called 'train'"):
        open_splits([one, one])
    with pytest.raises(
        UsageError,
        match="folders does not match: expected 1, or 1: one for each --data, got 2",
    ):
        open_splits([one], images=[tmp_path, tmp_path])


@pytest.mark.parametrize(("exif", "boxes"), [(True, (0.5, 0.25)), (False, (0.25, 0.5))])
@pytest.mark.parametrize("form", ["coco", "voc"])
def test_boxes_in_pixels_without_a_size_are_of_the_picture_that_is_read(
    tmp_path, form, exif, boxes
):
    if form == "coco":
        file = coco(tmp_path, [[(3, [0, 0, 10, 10])]])
        content = json.loads(file.read_text())
        for key in ("height", "width"):
            del content["images"][0][key]
        file.write_text(json.dumps(content))
        picture = tmp_path / "images/train0.png"
        data_set = partial(open_dataset, file, images=tmp_path / "images")
    else:
        root = voc(tmp_path, [voc_object((0, 0, 10, 10))], size="")
        picture = root / "JPEGImages/train0.png"
        data_set = partial(open_dataset, root, split="train")
    picture.write_bytes(turned_jpeg(20, 40))
    found = data_set(exif=exif)
    assert found.exif is exif
    np.testing.assert_allclose(found.examples[0].labels.boxes[0, 2:], boxes)
