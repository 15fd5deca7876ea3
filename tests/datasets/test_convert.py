import json

import numpy as np
import pytest

from darknet_torch.datasets.convert import convert
from darknet_torch.datasets.opening import open_splits
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import coco, darknet, picture, voc, voc_object

HALF_A_PIXEL = 0.5


def test_voc_to_darknet_to_coco_to_voc_keeps_every_box_of_bccd(reference, tmp_path):
    root = reference.parent / "datasets" / "bccd"
    if not root.is_dir():
        pytest.skip("no datasets/bccd beside the recorded results")
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
    # The corners are whole numbers, so they even come back as they were.
    text = (tmp_path / "voc/Annotations/BloodImage_00000.xml").read_text()
    assert "<xmin>260</xmin>" in text
    assert "<ymax>376</ymax>" in text


def rich(tmp_path):
    """Two splits with everything that must survive: difficult, zero-size, empty, shared."""
    objects = voc_object((10, 20, 50, 60), "dog") + voc_object((1, 1, 200, 100), difficult=1)
    voc(tmp_path / "rich", [objects, ""], "train")
    return voc(tmp_path / "rich", [voc_object((7.25, 5, 7.25, 9)), objects], "val")


def reopened(form, out):
    if form == "darknet":
        return open_splits([out / "dataset.data"])
    if form == "voc":
        return open_splits([out])
    files = [out / f"annotations/instances_{split}.json" for split in ("train", "val")]
    return open_splits(files, images=[out / "images"])


@pytest.mark.parametrize(
    ("form", "pictures"),
    [
        *((form, way) for form in ("darknet", "coco", "voc") for way in ("copy", "link")),
        *((form, "keep") for form in ("darknet", "coco")),
    ],
)
def test_nothing_is_lost(tmp_path, form, pictures):
    source = open_splits([rich(tmp_path)])
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
    """Boxes to the hundredth of a pixel in 200 x 100: VOC's decimals, the coarsest."""
    boxes = np.round(labels.boxes * (200, 100, 200, 100), 2) + 0.0
    marked = zip(labels.class_ids, labels.difficult, boxes.tolist(), strict=True)
    return sorted((int(key), bool(hard), box) for key, hard, box in marked)


def test_ids_of_coco_are_kept(tmp_path):
    file = coco(tmp_path, [[(9, [1, 2, 3, 4])], []])
    content = json.loads(file.read_text())
    for record in content["images"] + content["annotations"]:
        for key in {"image_id", "id"} & set(record):
            record[key] += 100
    file.write_text(json.dumps(content))
    convert(open_splits([file], images=[tmp_path / "images"]), "coco", tmp_path / "out")
    new = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
    assert [image["id"] for image in new["images"]] == [101, 102]
    assert [item["id"] for item in new["categories"]] == [3, 9]
    (item,) = new["annotations"]
    assert item == {
        "id": 1,
        "image_id": 101,
        "category_id": 9,
        "bbox": [1, 2, 3, 4],
        "area": 12,
        "iscrowd": 0,
    }


def test_pictures_of_the_same_name_get_names_of_their_own(tmp_path):
    data = darknet(tmp_path, [])
    paths = [picture(tmp_path / name) for name in ("a/x.png", "b/x.png", "b/X.bmp")]
    (tmp_path / "train.txt").write_text("".join(f"{path}\n" for path in [*paths, paths[0]]))
    convert(open_splits([data]), "darknet", tmp_path / "out")
    (new,) = open_splits([tmp_path / "out/dataset.data"]).values()
    assert [item.path.name for item in new.examples] == ["x.png", "x-2.png", "X-3.bmp", "x.png"]
    assert all(item.labels is None for item in new.examples)


def test_what_cannot_be_kept_is_told(tmp_path):
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


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    source = open_splits([voc(tmp_path / "voc", [""])])
    with pytest.raises(UsageError, match="there is something already: expected an empty folder"):
        convert(source, "coco", tmp_path / "voc")


def test_pictures_stay_only_where_the_form_allows_it(tmp_path):
    source = open_splits([voc(tmp_path / "voc", [""])], names=["cat"])
    with pytest.raises(UsageError, match="expected --pictures copy or link, got keep"):
        convert(source, "voc", tmp_path / "out", pictures="keep")
    convert(source, "darknet", tmp_path / "one", pictures="keep")
    assert (tmp_path / "voc/labels/train0.txt").exists()
    with pytest.raises(UsageError, match=r"train0\.txt: labels are there already"):
        convert(source, "darknet", tmp_path / "two", pictures="keep")


@pytest.mark.parametrize("form", ["darknet", "coco", "voc"])
def test_classes_must_be_known(tmp_path, form):
    data = darknet(tmp_path, ["5 .5 .5 .1 .1"])
    data.write_text("train=train.txt\n")
    with pytest.raises(UsageError, match="the classes have no names: expected --names FILE"):
        convert(open_splits([data]), form, tmp_path / "out")


def test_white_space_in_a_path_does_not_matter(tmp_path):
    source = open_splits([voc(tmp_path / "voc", [voc_object((1, 1, 9, 9))])])
    out = tmp_path / "my sets"
    convert(source, "darknet", out)
    (found,) = open_splits([out / "dataset.data"]).values()
    assert len(found.examples[0].labels) == 1


def test_the_data_file_has_whole_paths_so_that_c_finds_them_from_anywhere(tmp_path):
    source = open_splits([voc(tmp_path / "voc", [""])], names=["cat"])
    convert(source, "darknet", tmp_path / "out")
    assert (tmp_path / "out/dataset.data").read_text().splitlines() == [
        "classes=1",
        f"train={tmp_path}/out/train.txt",
        f"names={tmp_path}/out/dataset.names",
        "backup=backup",
    ]


def test_splits_must_agree(tmp_path):
    one = coco(tmp_path / "one", [[]])
    two = coco(tmp_path / "two", [[]], "val", categories=[{"id": 1, "name": "cow"}])
    with pytest.raises(UsageError, match="the splits have different classes"):
        open_splits([one, two])
    with pytest.raises(UsageError, match="two splits are called 'train'"):
        open_splits([one, one])
    with pytest.raises(UsageError, match="expected one, or 1 as of --data, got 2"):
        open_splits([one], images=[tmp_path, tmp_path])
