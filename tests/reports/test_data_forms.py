"""Data sets as labelling programs leave them, and what people put next to them."""

import json

import pytest

from darknet_torch.datasets.opening import list_splits, open_dataset, open_splits
from darknet_torch.errors import UsageError
from tests.cli.command import dtorch
from tests.datasets.forms.tiny_forms import (
    CAT,
    coco,
    cvat_yolo,
    flat,
    labelimg_xml,
    picture,
    roboflow_coco,
    roboflow_csv,
    roboflow_darknet,
    roboflow_yolo,
    text,
)

pytestmark = pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")


def test_classes_txt_among_the_labels_is_no_label_file(tmp_path):
    """AlexeyAB/Yolo_mark and LabelImg write classes.txt into the folder of the labels."""
    flat(tmp_path)
    (tmp_path / "classes.txt").rename(tmp_path / "classes2.txt")
    picture(tmp_path / "labels/c.png")
    text(tmp_path / "labels/c.txt", "")
    text(tmp_path / "labels/classes.txt", "cat\ndog\n")
    data = open_dataset(tmp_path)
    assert (len(data.examples), data.names) == (3, ("cat", "dog"))
    assert dtorch("check", tmp_path, "--quiet").exit_code == 0


def test_pictures_without_labels_are_kept_and_named(tmp_path):
    """Pictures that were not labelled yet lie among those that were."""
    flat(tmp_path)
    picture(tmp_path / "c.png", 5)
    data = open_dataset(tmp_path)
    assert [item.labels is None for item in data.examples] == [False, False, True]
    assert "no label file: no labels: there is no" in dtorch("check", tmp_path).stdout


def test_names_that_contradict_each_other_are_listed(tmp_path):
    """Roboflow: an export that was put together from two versions has two orders of classes."""
    roboflow_darknet(tmp_path)
    text(tmp_path / "valid/_darknet.labels", "dog\ncat\n")
    with pytest.raises(UsageError, match="two files have different class names") as raised:
        open_dataset(tmp_path)
    assert str(raised.value.where).endswith("valid/_darknet.labels")
    assert "train/_darknet.labels: cat, dog" in raised.value.expected
    assert open_dataset(tmp_path, names=["cat", "dog"]).names == ("cat", "dog")


def test_two_data_files_or_two_json_are_listed(tmp_path):
    """Which of two data sets in a folder is meant cannot be known."""
    cvat_yolo(tmp_path / "d")
    text(tmp_path / "d/other.data", (tmp_path / "d/obj.data").read_text())
    with pytest.raises(UsageError, match=r"several \.data files.*obj\.data, .*other\.data"):
        list_splits(tmp_path / "d")
    coco(tmp_path / "c")
    text(
        tmp_path / "c/annotations/instances_train2014.json",
        (tmp_path / "c/annotations/instances_train2017.json").read_text(),
    )
    with pytest.raises(UsageError, match="several COCO files for the split 'train'"):
        list_splits(tmp_path / "c")
    roboflow_csv(tmp_path / "v")
    text(tmp_path / "v/train.csv", (tmp_path / "v/train/_annotations.csv").read_text())
    with pytest.raises(UsageError, match="several CSV files for the split 'train'"):
        list_splits(tmp_path / "v")


def test_labels_of_two_kinds_are_not_mixed(tmp_path):
    """LabelImg writes XML or txt, as its button says; some folders have both."""
    labelimg_xml(tmp_path)
    text(tmp_path / "a.txt", f"{CAT}\n")
    with pytest.raises(UsageError, match="some pictures have txt labels, others XML") as raised:
        open_dataset(tmp_path)
    assert "b.png, only" in raised.value.got
    text(tmp_path / "b.txt", "")
    assert len(open_dataset(tmp_path).examples) == 2


def test_annotations_without_a_picture_are_named(tmp_path):
    """A picture was deleted, and its XML was not."""
    labelimg_xml(tmp_path)
    (tmp_path / "a.png").unlink()
    problems = open_dataset(tmp_path).problems
    assert [(item.kind, item.where) for item in problems] == [
        ("labels without picture", str(tmp_path / "a.xml"))
    ]


def test_a_split_folder_by_itself_and_pictures_beside_splits(tmp_path):
    """Roboflow: one of train, valid and test is given; a preview lies next to them."""
    roboflow_coco(tmp_path / "c")
    assert list_splits(tmp_path / "c/train") == ["all"]
    assert len(open_dataset(tmp_path / "c/train/_annotations.coco.json").examples) == 1
    both = [tmp_path / "c" / split / "_annotations.coco.json" for split in ("train", "valid")]
    assert list(open_splits(both)) == ["train", "valid"]
    roboflow_darknet(tmp_path / "d")
    picture(tmp_path / "d/preview.png")
    data = open_dataset(tmp_path / "d")
    assert len(data.examples) == 1
    assert "1 pictures outside of train, valid are left out" in str(data.problems[0])


def test_classes_without_names_are_the_same_in_all_splits(tmp_path):
    """ultralytics: the validation set lacks the last class."""
    roboflow_darknet(tmp_path)
    for file in tmp_path.rglob("_darknet.labels"):
        file.unlink()
    splits = open_splits([tmp_path])
    assert {data.names for data in splits.values()} == {("class 0", "class 1")}
    text(tmp_path / "valid/b.txt", f"2147483647 .5 .5 .1 .1\n{CAT}\n")
    assert open_dataset(tmp_path, split="valid").names == ("class 0",)


def test_outlines_in_a_darknet_data_set_are_still_bad_lines(tmp_path):
    """Ultralytics and Roboflow export outlines for segmentation, which Darknet cannot read."""
    flat(tmp_path)
    text(tmp_path / "a.txt", "0 .1 .25 .3 .25 .3 .75 .1 .75\n0 .1 .2 .3 .4 .5 .6 .7\n")
    data = open_dataset(tmp_path)
    assert data.examples[0].labels.boxes.tolist() == [pytest.approx([0.2, 0.5, 0.2, 0.5])]
    assert [problem.kind for problem in data.problems] == ["bad line", "outline"]
    text(tmp_path / "train.txt", "a.png\n")
    file = text(tmp_path / "x.data", "train=train.txt\nnames=classes.txt\n")
    assert [problem.kind for problem in open_dataset(file).problems] == ["bad line"] * 2


@pytest.mark.parametrize("make", [cvat_yolo, roboflow_yolo, None], ids=["data", "yaml", "raw"])
def test_a_folder_around_a_data_set_is_not_taken_for_classes(tmp_path, make):
    """AlexeyAB/darknet's own layout, data/obj.data with data/obj, seen from the folder above."""
    place = tmp_path / "d/data"
    if make:
        make(place)
        picture(tmp_path / "d/more/x.png", 9)
    else:
        picture(place / "x.png")
    first, second = dtorch("check", tmp_path / "d"), dtorch("dataset", "check", tmp_path / "d")
    assert (first.exit_code, first.stderr) == (second.exit_code, second.stderr)
    assert first.exit_code == 2
    assert "no data set" in first.stderr
    nearest = f"did you mean {place}" if make else "labels missing: expected data/*.txt"
    assert nearest in first.stderr


def with_heading(file, **changes):
    content = json.loads(file.read_text())
    for category in content["categories"]:
        category["supercategory"] = "pets"
    heading = {"id": 0, "name": "pets", "supercategory": "none", **changes}
    text(file, json.dumps({**content, "categories": [heading, *content["categories"]]}))


def test_the_heading_of_roboflows_categories_is_no_class(tmp_path):
    """roboflow/rf-detr 1303: category 0 is the project, and every class id is one too high."""
    roboflow_coco(tmp_path)
    files = sorted(tmp_path.rglob("*.json"))
    for file in files:
        with_heading(file)
    splits = open_splits([tmp_path])
    assert {data.names for data in splits.values()} == {("cat", "dog")}
    assert splits["train"].category_ids == (1, 2)
    assert splits["train"].examples[0].labels.class_ids.tolist() == [0]
    (note,) = splits["train"].problems
    assert "category 0 (pets) has no box and groups others: it is no class" in str(note)
    result = dtorch("check", tmp_path)
    assert (result.exit_code, "give its name with --names" in result.stdout) == (0, True)
    names = ("pets", "cat", "dog")
    assert open_dataset(files[0], names=names).examples[0].labels.class_ids.tolist() == [1]


@pytest.mark.parametrize("changes", [{"supercategory": "pets"}, {"name": "others"}, {"id": 1}])
def test_other_categories_without_boxes_stay_classes(tmp_path, changes):
    """COCO's own categories, of which a small part of it has no boxes."""
    roboflow_coco(tmp_path)
    file = tmp_path / "train/_annotations.coco.json"
    content = json.loads(file.read_text())
    content["categories"] = content["categories"][1:]
    text(file, json.dumps(content))
    with_heading(file, **changes)
    assert open_dataset(file).names == (changes.get("name", "pets"), "dog")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("train: ../train/images\n\tval: [a\n", "not valid YAML"),
        ("x: &t ../train/images\ntrain: *t\n", "got an alias"),
        ("nc: 2\nnames: [cat, dog]\n", "not a data set: expected train, val and names"),
    ],
    ids=["broken", "alias", "names"],
)
def test_a_yaml_file_that_cannot_be_used_is_named(tmp_path, content, why):
    """A tab that an editor put into data.yaml: its folders were read, its names were not."""
    roboflow_yolo(tmp_path)
    text(tmp_path / "data.yaml", content)
    text(tmp_path / "compose.yml", "services: {a: b\n")
    for words in (("check",), ("dataset", "check")):
        result = dtorch(*words, tmp_path)
        assert result.exit_code == 1
        assert result.stdout.count("unread YAML") == (1 if words == ("check",) else 2)
        assert why in result.stdout
    assert "left out: 1 x unread YAML" in dtorch("dataset", "init", tmp_path).stdout


def test_init_counts_the_boxes_that_no_command_uses(tmp_path):
    """A class that classes.txt lacks: its boxes are in no training."""
    flat(tmp_path)
    text(tmp_path / "classes.txt", "cat\n")
    stdout = dtorch("dataset", "init", tmp_path).stdout
    assert "2 pictures, 2 boxes\nclasses: 0 cat (2)\n" in stdout
    assert "left out: 1 x class id; dtorch dataset check lists them" in stdout
    assert "no list to evaluate on" not in stdout


def test_init_says_that_there_is_nothing_to_evaluate_on(tmp_path):
    """A folder train alone: training with --map needs another list."""
    for number, name in enumerate("ab"):
        picture(tmp_path / f"train/{name}.png", number)
        text(tmp_path / f"train/{name}.txt", f"{CAT}\n")
    stdout = dtorch("dataset", "init", tmp_path, "--out", tmp_path / "x").stdout
    assert "note: no list to evaluate on; --valid 0.2 makes one" in stdout
    second = dtorch("dataset", "init", tmp_path / "train", "--out", tmp_path / "y", "--valid", 0.2)
    assert "train: 1 picture, valid: 1 picture" in second.stdout
