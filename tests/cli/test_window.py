"""The window of `dtorch detect --show`."""

import sys

import cv2
import pytest

from tests.cli.toy_detection import CLIP_FRAMES, DONE, UNUSABLE, detect, records
from tests.media.sample_videos import (
    read_video,
    sample_frames,
)
from tests.toy.files import PICTURE

pytestmark = pytest.mark.usefixtures("clip_folder")


class TestWindow:
    @pytest.fixture
    def screen(self, monkeypatch):
        """A screen that keeps what is shown, on which the user presses the keys given."""
        shown, keys = [], []
        monkeypatch.setenv("DISPLAY", ":0")
        monkeypatch.setattr(cv2, "namedWindow", lambda *arguments: None)
        monkeypatch.setattr(cv2, "imshow", lambda title, image: shown.append(image))
        monkeypatch.setattr(cv2, "waitKey", lambda wait: keys.pop(0) if keys else -1)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda *arguments: 1.0)
        monkeypatch.setattr(cv2, "destroyAllWindows", lambda: shown.append("closed"))
        return shown, keys

    def test_frames_are_shown_without_waiting(self, screen):
        shown, _ = screen
        assert detect("clip.avi", "--show").exit_code == DONE
        *frames, end = shown
        assert len(frames) == CLIP_FRAMES
        assert end == "closed"
        assert (frames[0] != read_video("clip.avi")[0]).any()

    @pytest.mark.parametrize("key", [27, ord("q")])
    def test_a_key_ends_the_run_and_keeps_the_results_so_far(self, screen, key):
        shown, keys = screen
        keys += [-1, key]
        found = records("clip.avi", "--show", "--save", "out")
        assert [record["frame_id"] for record in found] == [1, 2]
        assert len(shown) == 3
        assert len(read_video("out/clip.avi")) == 2

    def test_a_picture_stays_until_a_key_is_pressed(self, screen):
        shown, keys = screen
        keys += [-1, -1, -1, ord(" "), -1, ord("q")]
        cv2.imwrite("other.png", sample_frames(1)[0])
        assert detect(PICTURE, "other.png", "--show").exit_code == DONE
        assert keys == []
        assert len(shown) == 3

    def test_without_a_screen_show_is_refused(self, monkeypatch):
        monkeypatch.setattr(sys, "platform", "linux")
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        result = detect("clip.avi", "--show")
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert "--show needs a screen" in result.stderr

    def test_an_opencv_without_windows_is_reported(self, screen, monkeypatch):
        def fail(*arguments):
            raise cv2.error("The function is not implemented")

        monkeypatch.setattr(cv2, "namedWindow", fail)
        result = detect("clip.avi", "--show")
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert "opencv-python-headless" in result.stderr
