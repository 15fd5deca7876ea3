"""What a data set says of the network."""

import json

import pytest

from darknet_torch.custom.facts import Facts, agreed_classes, gather
from darknet_torch.errors import NamesError, UsageError
from tests.datasets.tiny_datasets import NAMES, coco, darknet, picture


def test_a_data_file_says_classes_pictures_and_counters(tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 .1 .1\n1 .5 .5 .2 .2", "1 .5 .5 .1 .1"])
    facts = gather(data)
    assert (facts.classes, facts.pictures, facts.counters) == (len(NAMES), 2, [1, 2])


def test_a_coco_file_does_too(tmp_path):
    file = coco(tmp_path, [[(9, [1, 1, 5, 5])]])
    facts = gather(file, images=tmp_path / "images")
    assert (facts.classes, facts.pictures) == (2, 1)
    assert len(json.loads(file.read_text())["categories"]) == 2


def test_names_alone_say_the_classes(tmp_path):
    (tmp_path / "x.names").write_text("a\nb\nc\n")
    facts = gather(None, names=tmp_path / "x.names")
    assert (facts.classes, facts.pictures, facts.data_set) == (3, 0, None)
    with pytest.raises(NamesError, match="no such names file"):
        gather(None, names=tmp_path / "y.names")


def test_nothing_says_nothing():
    assert gather(None).classes == 0


def test_labels_are_a_classifiers(tmp_path):
    picture(tmp_path / "cat1.png")
    (tmp_path / "x.labels").write_text("cat\ndog\n")
    (tmp_path / "train.list").write_text(f"{tmp_path}/cat1.png\n")
    (tmp_path / "x.data").write_text("labels=x.labels\ntrain=train.list\n")
    facts = gather(tmp_path / "x.data")
    assert (facts.classes, facts.pictures, facts.data_set) == (2, 1, None)


def test_a_folder_of_classes_is_a_classifiers(tmp_path):
    for name in ("a", "b", "c"):
        picture(tmp_path / "root" / name / "1.png")
    assert gather(tmp_path / "root").classes == 3


def test_the_number_of_classes_is_agreed_on():
    known = Facts(classes=3, origin="x.names")
    assert agreed_classes(None, known) == agreed_classes(3, known) == 3
    assert agreed_classes(5, Facts()) == 5
    with pytest.raises(UsageError, match=r"x\.names: --classes is not .*expected --classes 3"):
        agreed_classes(2, known)
    with pytest.raises(UsageError, match="nothing says how many classes"):
        agreed_classes(None, Facts())
