"""Working folders with pictures and videos."""

import shutil

import cv2
import numpy as np
import pytest

from tests.cli.toy_detection import CLIP_FRAMES, SHORT_CLIP_FRAMES
from tests.media.sample_videos import sample_frames, write_video
from tests.toy.files import PICTURE


@pytest.fixture
def clip_folder(tmp_path, monkeypatch):
    """A working folder with a video, clip.avi."""
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "clip.avi", sample_frames(CLIP_FRAMES))
    return tmp_path


@pytest.fixture
def mixed_folder(tmp_path, monkeypatch):
    """A working folder with the toy's picture one.png, a plain grey.png, and a video, clip.avi."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PICTURE, "one.png")
    cv2.imwrite("grey.png", np.full((64, 48, 3), 128, np.uint8))
    write_video(tmp_path / "clip.avi", sample_frames(SHORT_CLIP_FRAMES))
    return tmp_path
