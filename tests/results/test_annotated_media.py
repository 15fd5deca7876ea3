"""What is written for a run: annotated pictures and videos."""

import cv2
import numpy as np
import pytest

from darknet_torch.files import FreePaths
from darknet_torch.media.sources import PictureSource, SourceKind
from darknet_torch.results.annotated_media import (
    AnnotatedFolder,
    AnnotatedVideo,
    LastPicture,
    source_stem,
)
from tests.media.sample_frames import (
    DETECTIONS,
    PICTURE,
    picture_frame,
    video_frame,
    written_files,
)
from tests.media.sample_videos import read_video

# Of grey levels, on average: what MJPEG loses of a drawing.
LOST = 8


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def folder_for(folder, frames):
    return AnnotatedFolder(FreePaths(folder, [frame.filename for frame in frames]))


class TestFolder:
    def test_pictures_and_videos_go_under_their_names(self, folder):
        frames = [
            picture_frame("a/one.jpg"),
            *(video_frame("b/clip.avi", number) for number in (1, 2, 3)),
            *(video_frame("b/clip.wmv", number) for number in (1, 2)),
            picture_frame("two.tiff"),
            video_frame("0", 1, SourceKind.WEBCAM),
            video_frame("rtsp://me:secret@host:554/live", 1, SourceKind.STREAM),
        ]
        with folder_for(folder / "out", frames) as annotated:
            for frame in frames:
                annotated.write(frame, DETECTIONS)
        names = ["clip.avi", "clip.mp4", "one.jpg", "stream-host.mp4", "two.png", "webcam-0.mp4"]
        assert written_files(folder) == [f"out/{name}" for name in names]
        np.testing.assert_array_equal(cv2.imread("out/two.png"), DETECTIONS.draw(PICTURE))
        frames = read_video("out/clip.avi")
        assert len(frames) == 3
        for image in frames:
            assert np.abs(image.astype(int) - DETECTIONS.draw(PICTURE)).mean() < LOST
        assert len(read_video("out/clip.mp4")) == 2

    def test_videos_of_one_name_do_not_overwrite_each_other(self, folder):
        frames = [video_frame("a/clip.avi", 1), video_frame("b/clip.avi", 1)]
        with folder_for(folder, frames) as annotated:
            for frame in frames:
                annotated.write(frame, DETECTIONS)
        assert written_files(folder) == ["clip-2.avi", "clip.avi"]

    def test_a_source_that_standard_input_names_is_not_overwritten(self, folder):
        cv2.imwrite("one.png", PICTURE)
        with folder_for(folder, []) as annotated:
            annotated.write(picture_frame("one.png"), DETECTIONS)
        assert written_files(folder) == ["one-2.png", "one.png"]
        np.testing.assert_array_equal(cv2.imread("one.png"), PICTURE)

    def test_a_run_that_fails_leaves_no_half_video(self, folder):
        with pytest.raises(KeyError), folder_for(folder, []) as annotated:
            annotated.write(video_frame("clip.avi", 1), DETECTIONS)
            raise KeyError
        assert written_files(folder) == []


def test_one_video_takes_all_frames_and_no_pictures(folder):
    with AnnotatedVideo(folder / "res.avi") as video:
        for frame in (video_frame("a.mp4", 1), picture_frame("one.jpg"), video_frame("a.mp4", 2)):
            video.write(frame, DETECTIONS)
    assert len(read_video("res.avi")) == 2
    assert written_files(folder) == ["res.avi"]


def test_no_frames_are_no_video(folder):
    with AnnotatedVideo(folder / "res.avi") as video:
        video.write(picture_frame("one.jpg"), DETECTIONS)
    assert written_files(folder) == []


def test_predictions_are_the_last_picture(folder):
    last = LastPicture(pytest.fail)
    last.write(picture_frame("one.png"), DETECTIONS)
    last.write(video_frame("clip.avi", 1), DETECTIONS)
    image = cv2.imread("predictions.jpg")
    assert np.abs(image.astype(int) - DETECTIONS.draw(PICTURE)).mean() < LOST
    assert written_files(folder) == ["predictions.jpg"]


def test_no_secret_of_a_url_is_in_a_name():
    assert (
        source_stem(PictureSource("rtsp://me:secret@host:554/live", SourceKind.STREAM))
        == "stream-host"
    )


def test_predictions_that_cannot_be_written_are_told_of_once(folder):
    (folder / "predictions.jpg").mkdir()
    said = []
    last = LastPicture(said.append)
    for _ in range(2):
        last.write(picture_frame("one.png"), DETECTIONS)
    assert said == ["warning: predictions.jpg: cannot be written (Is a directory)"]
