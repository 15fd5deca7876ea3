"""Files with the part of a picture that a detection covers."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from darknet_torch.files import FreePaths
from darknet_torch.media.frame_batches import Frame
from darknet_torch.media.sources import PictureSource
from darknet_torch.results.crops import CropFolder, crop, folder_names
from darknet_torch.results.detections import Detections
from tests.media.sample_frames import DETECTIONS, video_frame, written_files

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
HOSTILE = [
    "../../up",
    "..",
    ".",
    "",
    "a/b",
    "/etc/x",
    "C:\\x",
    "con",
    "x" * 400,
    "a\nb",
    "\udcff",
    "犬",
]


def found(*boxes, class_ids=None, names=("cat", "dog")):
    boxes = np.array(boxes, float)
    ids = np.array(class_ids or [0] * len(boxes))
    return Detections(boxes, np.linspace(0.9, 0.5, len(boxes)), ids, 60, 40, tuple(names))


def frame(name, **more):
    return Frame(PictureSource(name), 0, IMAGE, **more)


def write(folder, *pairs):
    crops = CropFolder(FreePaths(folder, [one.filename for one, _ in pairs], keep_existing=True))
    for one, detections in pairs:
        crops.write(one, detections)
    return written_files(folder)


def test_a_crop_has_all_pixels_that_its_box_covers_in_part(tmp_path):
    files = write(tmp_path, (frame("in/a.png"), found((3.2, 4.9, 20.1, 30), class_ids=[1])))
    assert files == ["dog/a_1.png"]
    np.testing.assert_array_equal(cv2.imread(tmp_path / "dog/a_1.png"), IMAGE[4:30, 3:21])


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        ((-5, -5, 5, 5), slice(0, 5), slice(0, 5)),
        ((50, 30, 900, 900), slice(30, 40), slice(50, 60)),
        ((7, 8, 7.5, 8.5), slice(8, 9), slice(7, 8)),
        ((-9, 2, -1, 8), slice(0, 0), slice(0, 0)),
        ((60, 2, 70, 8), slice(0, 0), slice(0, 0)),
        ((9, 2, 9, 8), slice(0, 0), slice(0, 0)),
        ((9, 8, 2, 2), slice(0, 0), slice(0, 0)),
        ((float("nan"), 2, 9, 8), slice(0, 0), slice(0, 0)),
    ],
)
def test_boxes_are_clipped_to_the_picture(box, rows, columns):
    part, expected = crop(IMAGE, box), IMAGE[rows, columns]
    assert part.size == expected.size
    if expected.size:
        np.testing.assert_array_equal(part, expected)


def test_a_detection_outside_of_the_picture_has_no_file_and_the_others_keep_their_numbers(
    tmp_path,
):
    boxes = (0, 0, 9, 9), (-9, 0, -1, 9), (5, 5, 9, 9)
    assert write(tmp_path, (frame("a.jpg"), found(*boxes))) == ["cat/a_1.jpg", "cat/a_3.jpg"]


def test_frames_of_a_video_are_numbered(tmp_path):
    frames = [(video_frame("clip.avi", number), DETECTIONS) for number in (1, 2)]
    assert write(tmp_path, *frames) == ["box/clip_1_1.png", "box/clip_2_1.png"]


def test_nothing_is_overwritten(tmp_path):
    one, other = frame("a/x.png"), frame("b/x.png")
    pairs = (one, found((0, 0, 9, 9))), (other, found((0, 0, 5, 5)))
    assert write(tmp_path, *pairs) == ["cat/x_1-2.png", "cat/x_1.png"]
    before = (tmp_path / "cat/x_1.png").read_bytes()
    files = write(tmp_path, replace_boxes(pairs[0]))
    assert files == ["cat/x_1-2.png", "cat/x_1-3.png", "cat/x_1.png"]
    assert (tmp_path / "cat/x_1.png").read_bytes() == before


def replace_boxes(pair):
    return pair[0], replace(pair[1], boxes_xyxy=pair[1].boxes_xyxy + 1)


def test_hostile_names_of_classes_stay_in_the_folder(tmp_path):
    folder = tmp_path / "a" / "crops"
    boxes = [(0, 0, 9, 9)] * len(HOSTILE)
    detections = found(*boxes, class_ids=list(range(len(HOSTILE))), names=HOSTILE)
    files = write(folder, (frame("x.png"), detections))
    assert len(files) == len(HOSTILE)
    assert len(written_files(tmp_path)) == len(HOSTILE)
    assert all(len(file.split("/")) == 2 for file in files)


def test_classes_do_not_share_a_folder():
    assert folder_names(["a/b", "a_b", "Cat", "cat", "dog", ".."]) == [
        *("a_b_0", "a_b_1", "Cat_2", "cat_3", "dog", "__")
    ]


def test_a_number_does_not_give_a_class_the_folder_of_another():
    assert folder_names(["\x1b]0;a", "\u202eb", "\x9b2J", "c\td"]) == ["_]0;a", "_b", "_2J", "c_d"]
    assert folder_names(["a", "A", "a_0"]) == ["a_0_0", "A_1", "a_0_2"]


def test_a_class_without_a_name_has_its_number(tmp_path):
    detections = found((0, 0, 9, 9), class_ids=[7], names=())
    assert write(tmp_path, (frame("x.png"), detections)) == [f"{detections.name(7)}/x_1.png"]
