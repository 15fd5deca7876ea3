"""What is written for a run: annotated pictures and videos."""

import cv2
import numpy as np
import pytest

from darknet_torch.files import FreePaths
from darknet_torch.media.sources import Kind, PictureSource
from darknet_torch.results.annotated_media import (
    AnnotatedFolder,
    AnnotatedVideo,
    LastPicture,
    source_stem,
)
from tests.media.frames import FOUND, PICTURE, frame, still, written
from tests.media.videos import read_video

# Of grey levels, on average: what MJPEG loses of a drawing.
LOST = 8


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def folder_for(folder, shots):
    return AnnotatedFolder(FreePaths(folder, [shot.filename for shot in shots]))


class TestFolder:
    def test_pictures_and_videos_go_under_their_names(self, folder):
        shots = [
            still("a/one.jpg"),
            *(frame("b/clip.avi", number) for number in (1, 2, 3)),
            *(frame("b/clip.wmv", number) for number in (1, 2)),
            still("two.tiff"),
            frame("0", 1, Kind.WEBCAM),
            frame("rtsp://me:secret@host:554/live", 1, Kind.STREAM),
        ]
        with folder_for(folder / "out", shots) as annotated:
            for shot in shots:
                annotated.keep(shot, FOUND)
        names = ["clip.avi", "clip.mp4", "one.jpg", "stream-host.mp4", "two.png", "webcam-0.mp4"]
        assert written(folder) == [f"out/{name}" for name in names]
        np.testing.assert_array_equal(cv2.imread("out/two.png"), FOUND.draw(PICTURE))
        frames = read_video("out/clip.avi")
        assert len(frames) == 3
        for image in frames:
            assert np.abs(image.astype(int) - FOUND.draw(PICTURE)).mean() < LOST
        assert len(read_video("out/clip.mp4")) == 2

    def test_videos_of_one_name_do_not_overwrite_each_other(self, folder):
        shots = [frame("a/clip.avi", 1), frame("b/clip.avi", 1)]
        with folder_for(folder, shots) as annotated:
            for shot in shots:
                annotated.keep(shot, FOUND)
        assert written(folder) == ["clip-2.avi", "clip.avi"]

    def test_a_source_that_standard_input_names_is_not_overwritten(self, folder):
        cv2.imwrite("one.png", PICTURE)
        with folder_for(folder, []) as annotated:
            annotated.keep(still("one.png"), FOUND)
        assert written(folder) == ["one-2.png", "one.png"]
        np.testing.assert_array_equal(cv2.imread("one.png"), PICTURE)

    def test_a_run_that_fails_leaves_no_half_video(self, folder):
        with pytest.raises(KeyError), folder_for(folder, []) as annotated:
            annotated.keep(frame("clip.avi", 1), FOUND)
            raise KeyError
        assert written(folder) == []


def test_one_video_takes_all_frames_and_no_pictures(folder):
    with AnnotatedVideo(folder / "res.avi") as video:
        for shot in (frame("a.mp4", 1), still("one.jpg"), frame("a.mp4", 2)):
            video.keep(shot, FOUND)
    assert len(read_video("res.avi")) == 2
    assert written(folder) == ["res.avi"]


def test_no_frames_are_no_video(folder):
    with AnnotatedVideo(folder / "res.avi") as video:
        video.keep(still("one.jpg"), FOUND)
    assert written(folder) == []


def test_predictions_are_the_last_picture(folder):
    last = LastPicture(pytest.fail)
    last.keep(still("one.png"), FOUND)
    last.keep(frame("clip.avi", 1), FOUND)
    image = cv2.imread("predictions.jpg")
    assert np.abs(image.astype(int) - FOUND.draw(PICTURE)).mean() < LOST
    assert written(folder) == ["predictions.jpg"]


def test_no_secret_of_a_url_is_in_a_name():
    assert (
        source_stem(PictureSource("rtsp://me:secret@host:554/live", Kind.STREAM)) == "stream-host"
    )


def test_predictions_that_cannot_be_written_are_told_of_once(folder):
    (folder / "predictions.jpg").mkdir()
    said = []
    last = LastPicture(said.append)
    for _ in range(2):
        last.keep(still("one.png"), FOUND)
    assert said == ["warning: predictions.jpg: cannot be written (Is a directory)"]
