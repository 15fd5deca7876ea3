"""Detections written as label files."""

import pytest

from darknet_torch.datasets.pseudo_labels import LabelFolder, write_label_in_place
from darknet_torch.files import FreePaths
from tests.media.frames import FOUND, frame, still, written

LABELS = "1 0.2000 0.5000 0.2000 0.6000\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_picture_and_frame_gets_a_label_file(folder):
    shots = [still("one.jpg"), frame("clip.avi", 7), still("b/one.png")]
    labels = LabelFolder(FreePaths(folder / "labels", [shot.filename for shot in shots]))
    for shot in shots:
        labels.keep(shot, FOUND)
    names = ["clip_000007.txt", "one-2.txt", "one.txt"]
    assert written(folder) == [f"labels/{name}" for name in names]
    assert {path.read_text() for path in (folder / "labels").iterdir()} == {LABELS}


def test_a_picture_without_objects_has_an_empty_file(folder):
    LabelFolder(FreePaths(folder, [])).keep(still("one.jpg"), FOUND.select([]))
    assert (folder / "one.txt").read_bytes() == b""


@pytest.mark.parametrize(
    ("picture", "label"),
    [
        ("data/obj/one.jpg", "data/obj/one.txt"),
        ("VOC/JPEGImages/one.jpg", "VOC/labels/one.txt"),
        ("coco/images/val2017/one.jpg", "coco/labels/val2017/one.txt"),
    ],
)
def test_labels_in_place_are_where_darknet_reads_them(folder, picture, label):
    write_label_in_place(still(picture), FOUND)
    write_label_in_place(frame("clip.avi", 1), FOUND)
    assert written(folder) == [label]
    assert (folder / label).read_text() == LABELS
