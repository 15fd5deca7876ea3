"""Counting what a cfg depends on in a data set."""

import json

import pytest

from darknet_torch.custom.dataset_summary import (
    DatasetSummary,
    resolve_class_count,
    summarize_dataset,
)
from darknet_torch.errors import NamesError, UsageError
from tests.datasets.tiny_datasets import NAMES, coco, darknet, picture


def test_classes_pictures_and_boxes_of_a_data_file_are_counted(tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 .1 .1\n1 .5 .5 .2 .2", "1 .5 .5 .1 .1"])
    summary = summarize_dataset(data)
    assert (summary.classes, summary.pictures, summary.counters) == (len(NAMES), 2, [1, 2])


def test_classes_and_pictures_of_a_coco_file_are_counted(tmp_path):
    file = coco(tmp_path, [[(9, [1, 1, 5, 5])]])
    summary = summarize_dataset(file, images=tmp_path / "images")
    assert (summary.classes, summary.pictures) == (2, 1)
    assert len(json.loads(file.read_text())["categories"]) == 2


def test_a_names_file_alone_gives_the_number_of_classes(tmp_path):
    (tmp_path / "x.names").write_text("a\nb\nc\n")
    summary = summarize_dataset(None, names=tmp_path / "x.names")
    assert (summary.classes, summary.pictures, summary.data_set) == (3, 0, None)
    with pytest.raises(NamesError, match="no such names file"):
        summarize_dataset(None, names=tmp_path / "y.names")


def test_without_data_and_names_the_number_is_zero():
    assert summarize_dataset(None).classes == 0


def test_labels_of_a_classifiers_data_are_counted(tmp_path):
    picture(tmp_path / "cat1.png")
    (tmp_path / "x.labels").write_text("cat\ndog\n")
    (tmp_path / "train.list").write_text(f"{tmp_path}/cat1.png\n")
    (tmp_path / "x.data").write_text("labels=x.labels\ntrain=train.list\n")
    summary = summarize_dataset(tmp_path / "x.data")
    assert (summary.classes, summary.pictures, summary.data_set) == (2, 1, None)


def test_folders_of_a_folder_of_classes_are_counted(tmp_path):
    for name in ("a", "b", "c"):
        picture(tmp_path / "root" / name / "1.png")
    assert summarize_dataset(tmp_path / "root").classes == 3


def test_the_number_of_classes_comes_from_the_option_or_the_names():
    known = DatasetSummary(classes=3, origin="x.names")
    assert resolve_class_count(None, known) == resolve_class_count(3, known) == 3
    assert resolve_class_count(5, DatasetSummary()) == 5
    with pytest.raises(UsageError, match=r"x\.names: --classes differs .*expected --classes 3"):
        resolve_class_count(2, known)
    with pytest.raises(UsageError, match="the number of classes is unknown"):
        resolve_class_count(None, DatasetSummary())
