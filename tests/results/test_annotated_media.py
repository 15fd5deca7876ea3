"""Annotated pictures and videos of a run."""

from dataclasses import replace

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

CODEC_LOSS = 8  # mean difference in grey levels that MJPEG causes in a drawing


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def folder_for(folder, frames):
    return AnnotatedFolder(FreePaths(folder, [frame.filename for frame in frames]))


class TestFolder:
    def test_pictures_and_videos_are_named_after_their_sources(self, folder):
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
            assert np.abs(image.astype(int) - DETECTIONS.draw(PICTURE)).mean() < CODEC_LOSS
        assert len(read_video("out/clip.mp4")) == 2

    def test_videos_of_the_same_name_do_not_overwrite_each_other(self, folder):
        frames = [video_frame("a/clip.avi", 1), video_frame("b/clip.avi", 1)]
        with folder_for(folder, frames) as annotated:
            for frame in frames:
                annotated.write(frame, DETECTIONS)
        assert written_files(folder) == ["clip-2.avi", "clip.avi"]

    def test_a_source_named_on_standard_input_is_not_overwritten(self, folder):
        cv2.imwrite("one.png", PICTURE)
        with folder_for(folder, []) as annotated:
            annotated.write(picture_frame("one.png"), DETECTIONS)
        assert written_files(folder) == ["one-2.png", "one.png"]
        np.testing.assert_array_equal(cv2.imread("one.png"), PICTURE)

    def test_a_run_that_fails_leaves_no_incomplete_video(self, folder):
        with pytest.raises(KeyError), folder_for(folder, []) as annotated:
            annotated.write(video_frame("clip.avi", 1), DETECTIONS)
            raise KeyError
        assert written_files(folder) == []


def test_a_single_video_gets_all_frames_and_no_pictures(folder):
    with AnnotatedVideo(folder / "res.avi") as video:
        for frame in (video_frame("a.mp4", 1), picture_frame("one.jpg"), video_frame("a.mp4", 2)):
            video.write(frame, DETECTIONS)
    assert len(read_video("res.avi")) == 2
    assert written_files(folder) == ["res.avi"]


def test_without_frames_no_video_is_written(folder):
    with AnnotatedVideo(folder / "res.avi") as video:
        video.write(picture_frame("one.jpg"), DETECTIONS)
    assert written_files(folder) == []


def test_predictions_jpg_is_the_last_picture(folder):
    last = LastPicture(pytest.fail)
    last.write(picture_frame("one.png"), DETECTIONS)
    last.write(video_frame("clip.avi", 1), DETECTIONS)
    image = cv2.imread("predictions.jpg")
    assert np.abs(image.astype(int) - DETECTIONS.draw(PICTURE)).mean() < CODEC_LOSS
    assert written_files(folder) == ["predictions.jpg"]


def test_file_names_of_streams_contain_no_credentials():
    assert (
        source_stem(PictureSource("rtsp://me:secret@host:554/live", SourceKind.STREAM))
        == "stream-host"
    )


def test_pictures_on_the_web_are_named_after_the_end_of_their_url(folder):
    url = "https://me:secret@host/photos/dog%201.jpg?size=2.png"
    with AnnotatedFolder(FreePaths(folder / "out", [url])) as annotated:
        for name in (url, "https://host/random"):
            source = PictureSource(name, SourceKind.WEB_PICTURE)
            annotated.write(replace(picture_frame(name), source=source), DETECTIONS)
    assert written_files(folder) == ["out/dog 1.jpg", "out/random.png"]


def test_one_warning_if_predictions_jpg_cannot_be_written(folder):
    (folder / "predictions.jpg").mkdir()
    warnings = []
    last = LastPicture(warnings.append)
    for _ in range(2):
        last.write(picture_frame("one.png"), DETECTIONS)
    assert warnings == ["warning: predictions.jpg: cannot be written (Is a directory)"]
