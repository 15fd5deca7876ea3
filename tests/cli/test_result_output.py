"""Results of `dtorch detect` on standard output and in files."""

import os
import shutil

import cv2
import numpy as np
import pytest

from darknet_torch.cfg.zoo import sample_folder
from tests.cli.command import dtorch
from tests.media.sample_videos import sample_frames, write_video

TOY = sample_folder()
CFG, PICTURE = TOY / "toy-shapes.cfg", TOY / "shapes.png"
DONE, SOME_FAILED, UNUSABLE = 0, 1, 2
FRAMES = 3


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The sample, a plain grey picture, and a video."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PICTURE, "one.png")
    cv2.imwrite("grey.png", np.full((64, 48, 3), 128, np.uint8))
    write_video(tmp_path / "clip.avi", sample_frames(FRAMES))
    return tmp_path


def detect(*arguments):
    return dtorch("detect", "--cfg", CFG, *arguments)


def printed(form, *arguments):
    result = detect("--format", form, *arguments)
    assert (result.exit_code, result.stderr) == (DONE, "")
    return result.stdout


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv", "coco"])
def test_every_format_can_be_written_to_a_file(folder, form):
    result = detect("--format", form, "--out", "results", "one.png")
    assert (result.exit_code, result.stdout, result.stderr) == (DONE, "", "")
    written = (folder / "results").read_text()
    again = printed(form, "one.png")
    if form == "text":  # the first line has a time
        written, again = written.partition("\n")[2], again.partition("\n")[2]
    assert written == again != ""


def test_file_names_may_be_any_bytes(folder):
    name = os.fsdecode(b"h\xffuser.png")
    shutil.copy(PICTURE, name)
    result = detect("--format", "jsonl", name)
    assert (result.exit_code, result.stderr) == (DONE, "")
    assert b'"filename": "h\xffuser.png"' in result.stdout_bytes


def test_a_folder_in_place_of_the_file_is_reported(folder):
    (folder / "results").mkdir()
    result = detect("--format", "csv", "--out", "results", "one.png")
    assert result.exit_code == UNUSABLE
    assert "results: cannot be written" in result.stderr


def test_a_broken_picture_leaves_every_format_valid():
    for form in ("json", "jsonl", "csv", "coco"):
        result = detect("--format", form, "gone.png", "one.png")
        assert result.exit_code == SOME_FAILED
        assert result.stdout == printed(form, "one.png")
