"""Where label files are found."""

import pytest

from darknet_torch.datasets.label_files import TXT_FOLDERS, LabelFinder
from tests.datasets.forms.tiny_forms import text


@pytest.mark.parametrize(
    ("picture", "label"),
    [
        ("a.png", "a.txt"),
        ("a.png", "labels/a.TXT"),
        ("p/a.png", "p/labels/a.txt"),
        ("p/a.png", "Annotations/a.txt"),
        ("images/train/a.png", "labels/train/a.txt"),
        ("train/images/a.png", "train/labels/a.txt"),
        ("d/images/x/a.png", "d/labels/x/a.txt"),
        ("train/a.png", "labels/train/a.txt"),
    ],
)
def test_labels_are_next_to_the_picture_or_in_place_of_a_folder(tmp_path, picture, label):
    root = tmp_path / "labels/root"
    file = text(root / label, "")
    text(tmp_path / "labels/a.txt", "outside of the data set")
    assert LabelFinder(".txt", TXT_FOLDERS, root).find(root / picture) == file


@pytest.mark.parametrize(
    ("picture", "label"),
    [
        ("train/images/a.png", "valid/labels/a.txt"),
        ("images/train/a.png", "labels/val/a.txt"),
        ("a.png", "other/a.txt"),
        ("a.png", "labels/b.txt"),
        ("day1/a.png", "day2/a.txt"),
    ],
)
def test_labels_of_other_pictures_are_not_taken(tmp_path, picture, label):
    text(tmp_path / label, "")
    assert LabelFinder(".txt", TXT_FOLDERS, tmp_path).find(tmp_path / picture) is None
