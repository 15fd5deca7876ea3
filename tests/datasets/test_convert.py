from dataclasses import replace

import numpy as np
import pytest

from darknet_torch.datasets.convert import convert
from darknet_torch.datasets.opening import open_splits
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import darknet, picture, voc, voc_object

HALF_A_PIXEL = 0.5


def test_voc_to_darknet_to_coco_to_voc_keeps_every_box_of_bccd(reference, tmp_path):
    root = reference.parent / "datasets" / "bccd"
    if not root.is_dir():
        pytest.skip("no datasets/bccd next to the recorded results")
    first = open_splits([root])
    convert(first, "darknet", tmp_path / "darknet", pictures="link")
    second = open_splits([tmp_path / "darknet/dataset.data"])
    convert(second, "coco", tmp_path / "coco", pictures="link")
    files = sorted((tmp_path / "coco/annotations").glob("*.json"))
    third = open_splits(files, images=[tmp_path / "coco/images"])
    convert(third, "voc", tmp_path / "voc", pictures="copy")
    last = open_splits([tmp_path / "voc"])
    assert {name: len(data.examples) for name, data in last.items()} == {"train": 205, "val": 87}
    for name, data in first.items():
        assert data.names == last[name].names == ("Platelets", "RBC", "WBC")
        for before, after in zip(data.examples, last[name].examples, strict=True):
            assert after.path.read_bytes() == before.path.read_bytes()
            assert after.size == before.size == (480, 640)
            np.testing.assert_array_equal(after.labels.class_ids, before.labels.class_ids)
            pixels = (after.labels.boxes - before.labels.boxes) * (640, 480, 640, 480)
            assert np.abs(pixels).max(initial=0) < HALF_A_PIXEL
    # The corners are integers, so they come back unchanged.
    text = (tmp_path / "voc/Annotations/BloodImage_00000.xml").read_text()
    assert "<xmin>260</xmin>" in text
    assert "<ymax>376</ymax>" in text


def varied_voc(tmp_path):
    """Two splits with difficult, zero-size and empty labels, and a picture in both."""
    objects = voc_object((10, 20, 50, 60), "dog") + voc_object((1, 1, 200, 100), difficult=1)
    voc(tmp_path / "varied_voc", [objects, ""], "train")
    return voc(tmp_path / "varied_voc", [voc_object((7.25, 5, 7.25, 9)), objects], "val")


def reopened(form, out):
    if form == "darknet":
        return open_splits([out / "dataset.data"])
    if form == "voc":
        return open_splits([out])
    files = [out / f"annotations/instances_{split}.json" for split in ("train", "val")]
    return open_splits(files)


@pytest.mark.parametrize(
    ("form", "pictures"),
    [
        *((form, way) for form in ("darknet", "coco", "voc") for way in ("copy", "link")),
        *((form, "keep") for form in ("darknet", "coco")),
    ],
)
def test_every_picture_box_and_mark_survives_a_conversion(tmp_path, form, pictures):
    source = open_splits([varied_voc(tmp_path)])
    done = convert(source, form, tmp_path / "out", pictures=pictures)
    assert done.problems == ()
    assert done.counts == {"train": (2, 2), "val": (2, 3)}
    found = reopened(form, tmp_path / "out")
    assert list(found) == (["train", "valid"] if form == "darknet" else ["train", "val"])
    for before, after in zip(source.values(), found.values(), strict=True):
        assert after.problems == ()
        assert after.names == before.names == ("cat", "dog")
        for one, two in zip(before.examples, after.examples, strict=True):
            assert two.path.is_symlink() == (pictures == "link")
            assert (two.path == one.path) == (pictures == "keep")
            assert two.path.read_bytes() == one.path.read_bytes()
            assert rows(two.labels) == rows(one.labels)


def rows(labels):
    """Boxes rounded to 0.01 pixels of 200 x 100: VOC has the fewest decimals, two."""
    boxes = np.round(labels.boxes * (200, 100, 200, 100), 2) + 0.0
    marked = zip(labels.class_ids, labels.difficult, boxes.tolist(), strict=True)
    return sorted((int(key), bool(hard), box) for key, hard, box in marked)


def test_labels_that_cannot_be_converted_are_reported(tmp_path):
    data = darknet(tmp_path, [None, "7 .5 .5 .1 .1", "0 .5 .5 .1 .1", "oops"])
    (tmp_path / "train/train2.png").unlink()
    done = convert(open_splits([data]), "coco", tmp_path / "out")
    assert sorted(problem.kind for problem in done.problems) == [
        "bad line",
        "class id",
        "missing picture",
        "no labels",
        "no size",
    ]
    done = convert(open_splits([data]), "voc", tmp_path / "voc")
    assert [problem.kind for problem in done.problems] == [
        "bad line",
        "missing picture",
        "class id",
        "no size",
    ]


def test_an_output_folder_that_is_not_empty_is_an_error(tmp_path):
    source = open_splits([voc(tmp_path / "voc", [""])])
    with pytest.raises(
        UsageError, match="the output folder is not empty: expected an empty or a new folder"
    ):
        convert(source, "coco", tmp_path / "voc")


def test_pictures_can_be_kept_in_place_except_for_voc(tmp_path):
    source = open_splits([voc(tmp_path / "voc", [""])], names=["cat"])
    with pytest.raises(UsageError, match=r"a VOC data set contains its pictures.*got keep"):
        convert(source, "voc", tmp_path / "out", pictures="keep")
    convert(source, "darknet", tmp_path / "one", pictures="keep")
    assert (tmp_path / "voc/labels/train0.txt").exists()
    with pytest.raises(
        UsageError, match=r"train0\.txt: there are labels already.*remove the old labels"
    ):
        convert(source, "darknet", tmp_path / "two", pictures="keep")


@pytest.mark.parametrize("form", ["darknet", "coco", "voc"])
def test_unknown_class_names_are_an_error(tmp_path, form):
    data = darknet(tmp_path, ["5 .5 .5 .1 .1"])
    data.write_text("train=train.txt\n")
    with pytest.raises(UsageError, match="the classes have no names: expected --names FILE"):
        convert(open_splits([data]), form, tmp_path / "out")


@pytest.mark.parametrize("pictures", ["copy", "keep"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_conversion_that_fails_leaves_nothing(tmp_path, monkeypatch, pictures, is_new):
    source, out = open_splits([varied_voc(tmp_path)]), tmp_path / "out"
    if not is_new:
        out.mkdir()
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("darknet_torch.datasets.to_darknet._value", interrupt)
    with pytest.raises(KeyboardInterrupt):
        convert(source, "darknet", out, pictures=pictures)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
    assert out.exists() != is_new
    assert not out.exists() or not list(out.iterdir())


def test_labels_that_were_there_survive_a_conversion_that_fails(tmp_path):
    source = open_splits([varied_voc(tmp_path)])
    label = tmp_path / "varied_voc/labels/difficult_val1.txt"
    label.parent.mkdir()
    label.write_text("mine\n")
    with pytest.raises(UsageError, match=r"difficult_val1\.txt: already exists"):
        convert(source, "darknet", tmp_path / "out", pictures="keep")
    assert list(label.parent.iterdir()) == [label]
    assert label.read_text() == "mine\n"


def test_pictures_kept_in_place_that_would_share_labels_are_an_error(tmp_path):
    root = voc(tmp_path / "voc", [""])
    (data,) = open_splits([root]).values()
    other = replace(data.examples[0], path=picture(root / "JPEGImages/train0.bmp"))
    source = {"train": replace(data, examples=(*data.examples, other), names=("cat",))}
    with pytest.raises(UsageError, match="would have the same label file; choose --pictures copy"):
        convert(source, "darknet", tmp_path / "out", pictures="keep")
