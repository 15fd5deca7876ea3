"""The files of a data set: lists, names, pictures, labels."""

import json

import pytest

from darknet_torch.datasets.file_list import all_files, example_files, named_files
from darknet_torch.datasets.opening import open_dataset


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, texts):
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def found(files, folder):
    return sorted(str(path.resolve().relative_to(folder)) for path in set(files) if path.is_file())


DARKNET = {
    "o.data": "classes=1\ntrain=train.txt\nvalid=valid.txt\nnames=o.names\nbackup=backup\n",
    "o.names": "thing\n",
    "train.txt": "a.png\n",
    "valid.txt": "b.png\n",
    "a.png": "",
    "a.txt": "0 .5 .5 .1 .1\n",
    "b.png": "",
    "b.txt": "",
}


def test_a_data_file_has_lists_names_pictures_and_labels(folder):
    write(folder, {**DARKNET, "other.txt": "", "backup/o_last.weights": ""})
    assert found(named_files("o.data"), folder) == ["o.names", "train.txt", "valid.txt"]
    assert found(example_files([open_dataset("o.data", split="valid")]), folder) == [
        "b.png",
        "b.txt",
    ]
    assert found(all_files("o.data"), folder) == sorted({*DARKNET} - {"o.data"})


def test_a_data_file_has_labels_of_difficult_boxes(folder):
    difficult = {"difficult_a.txt": "0 .5 .5 .2 .2\n", "difficult.list": "difficult_a.png\n"}
    write(folder, {**DARKNET, **difficult})
    with (folder / "o.data").open("a") as file:
        file.write("difficult=difficult.list\n")
    assert found(all_files("o.data"), folder) == sorted({*DARKNET, *difficult} - {"o.data"})


def test_a_list_that_is_missing_hides_no_other(folder):
    write(folder, DARKNET)
    (folder / "train.txt").unlink()
    assert found(all_files("o.data"), folder) == ["b.png", "b.txt", "o.names", "valid.txt"]


def test_a_voc_root_has_lists_annotations_and_pictures(folder):
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox>"
    texts = {
        "ImageSets/Main/train.txt": "a\n",
        "Annotations/a.xml": "<annotation><size><width>9</width><height>9</height></size>"
        f"<object><name>thing</name>{box}</object></annotation>",
        "JPEGImages/a.jpg": "",
        "classes.names": "thing\n",
    }
    write(folder, texts)
    lists = ["ImageSets/Main/train.txt", "classes.names"]
    assert found(named_files(folder), folder) == lists
    assert found(all_files(folder), folder) == sorted(texts)


def test_a_coco_file_has_pictures(folder):
    image = {"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}
    content = {"images": [image], "annotations": [], "categories": [{"id": 1, "name": "thing"}]}
    write(folder, {"c.json": json.dumps(content), "in/a.jpg": "", "in/other.jpg": ""})
    assert found(named_files("c.json"), folder) == []
    assert found(all_files("c.json", images="in"), folder) == ["in/a.jpg"]


def test_a_classifier_has_labels_lists_and_pictures_or_a_folder_of_pictures(folder):
    write(
        folder,
        {
            "c.data": "classes=1\ntrain=c.txt\nvalid=gone.txt\nlabels=c.labels\n",
            "c.labels": "red\n",
            "c.txt": "in/red/a.png\n",
            "in/red/a.png": "",
            "in/red/report.txt": "",
            "in/blue/b.png": "",
        },
    )
    assert found(all_files("c.data"), folder) == ["c.labels", "c.txt", "in/red/a.png"]
    assert found(all_files("in"), folder) == ["in/blue/b.png", "in/red/a.png"]


def test_what_is_no_data_set_has_no_files(folder):
    write(folder, {"text": "no keys\n", "bad.json": "{"})
    for name in ("text", "bad.json", "missing", "missing.json"):
        assert list(all_files(name)) == []
