"""Class names without the rest of a data set."""

import pytest

from darknet_torch.datasets.data_names import read_class_names
from tests.datasets.forms.tiny_forms import TINY, flat, picture, text, write

pytestmark = pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgNote")


@pytest.mark.parametrize("make", TINY, ids=lambda make: make.__name__)
def test_every_form_has_names(tmp_path, make):
    assert read_class_names(write(make, tmp_path)) == ("cat", "dog")


def test_lists_and_labels_need_not_exist(tmp_path):
    text(tmp_path / "d.names", "cat\ndog\n")
    file = text(tmp_path / "d.data", "classes=2\ntrain=no.txt\nnames=d.names\n")
    assert read_class_names(file) == ("cat", "dog")
    moved = text(tmp_path / "e.data", "names=data/d.names\n")  # as CVAT writes it
    assert read_class_names(moved) == ("cat", "dog")
    yaml = text(tmp_path / "d.yaml", "train: gone\nval: gone\nnames: {0: cat, 1: dog}\n")
    assert read_class_names(yaml) == ("cat", "dog")


def test_classes_without_names_and_folders_of_classes(tmp_path):
    flat(tmp_path / "d")
    (tmp_path / "d/classes.txt").unlink()
    assert read_class_names(tmp_path / "d") == ()
    listed = text(tmp_path / "d/train.txt", "a.png\nb.png\n")
    assert read_class_names(listed) == ()
    picture(tmp_path / "c/red/a.png"), picture(tmp_path / "c/blue/b.png")
    assert read_class_names(tmp_path / "c") == ("blue", "red")
