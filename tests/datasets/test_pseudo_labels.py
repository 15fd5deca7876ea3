"""Detections written as label files."""

import pytest

from darknet_torch.datasets.pseudo_labels import LabelFolder, write_label_in_place
from darknet_torch.errors import UsageError
from darknet_torch.files import FreePaths
from tests.media.sample_frames import DETECTIONS, picture_frame, video_frame, written_files

LABELS = "1 0.2000 0.5000 0.2000 0.6000\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_picture_and_frame_gets_a_label_file(folder):
    frames = [picture_frame("one.jpg"), video_frame("clip.avi", 7), picture_frame("b/one.png")]
    labels = LabelFolder(FreePaths(folder / "labels", [frame.filename for frame in frames]))
    for frame in frames:
        labels.write(frame, DETECTIONS)
    names = ["clip_000007.txt", "one-2.txt", "one.txt"]
    assert written_files(folder) == [f"labels/{name}" for name in names]
    assert {path.read_text() for path in (folder / "labels").iterdir()} == {LABELS}


def test_a_picture_without_objects_has_an_empty_file(folder):
    LabelFolder(FreePaths(folder, [])).write(picture_frame("one.jpg"), DETECTIONS.select([]))
    assert (folder / "one.txt").read_bytes() == b""


def test_scores_are_written_on_request(folder):
    LabelFolder(FreePaths(folder, []), scores=True).write(picture_frame("one.jpg"), DETECTIONS)
    assert [len(line.split()) for line in (folder / "one.txt").read_text().splitlines()] == [6]


@pytest.mark.parametrize(
    ("picture", "label"),
    [
        ("data/obj/one.jpg", "data/obj/one.txt"),
        ("VOC/JPEGImages/one.jpg", "VOC/labels/one.txt"),
        ("coco/images/val2017/one.jpg", "coco/labels/val2017/one.txt"),
    ],
)
def test_labels_in_place_are_where_darknet_reads_them(folder, picture, label):
    write_label_in_place(picture_frame(picture), DETECTIONS)
    write_label_in_place(video_frame("clip.avi", 1), DETECTIONS)
    assert written_files(folder) == [label]
    assert (folder / label).read_text() == LABELS


def test_labels_drawn_by_hand_are_kept_once(folder):
    (folder / "one.txt").write_text("0 .5 .5 .1 .1\n")
    for _ in range(2):
        write_label_in_place(picture_frame("one.jpg"), DETECTIONS)
    assert written_files(folder) == ["one.txt", "one.txt.bak"]
    assert (folder / "one.txt").read_text() == LABELS
    assert (folder / "one.txt.bak").read_text() == "0 .5 .5 .1 .1\n"


def test_labels_that_cannot_be_read_are_not_replaced(folder, monkeypatch):
    (folder / "one.txt").write_text("0 .5 .5 .1 .1\n")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.read_bytes", refuse)
        with pytest.raises(UsageError, match=r"cannot be rewritten \(Permission denied"):
            write_label_in_place(picture_frame("one.jpg"), DETECTIONS)
    assert (folder / "one.txt").read_text() == "0 .5 .5 .1 .1\n"
