"""Videos are written completely or not at all."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.media.video_writer import CODECS, VideoFile
from tests.media.sample_videos import read_video, sample_frames


@pytest.mark.parametrize("suffix", [*CODECS, ".AVI"])
def test_all_frames_are_in_the_file_which_appears_when_it_is_closed(tmp_path, suffix):
    path = tmp_path / f"result{suffix}"
    video = VideoFile(path, 10, 480, 480)
    for frame in sample_frames(5):
        video.write(frame)
    assert not path.exists()
    video.close()
    frames = read_video(path)
    assert [frame.shape for frame in frames] == [(480, 480, 3)] * 5
    assert list(tmp_path.iterdir()) == [path]


def test_frames_of_another_size_are_resized(tmp_path):
    video = VideoFile(tmp_path / "result.avi", 10, 240, 320)
    for frame in sample_frames(2):
        video.write(frame)
    video.close()
    assert [frame.shape for frame in read_video(tmp_path / "result.avi")] == [(240, 320, 3)] * 2


def test_a_discarded_video_leaves_the_old_file_unchanged(tmp_path):
    path = tmp_path / "result.avi"
    path.write_bytes(b"old")
    video = VideoFile(path, 10, 480, 480)
    video.write(sample_frames(1)[0])
    video.discard()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(
        UsageError,
        match=r"result\.gif: not a video format that can be written: expected \.mp4",
    ):
        VideoFile(tmp_path / "result.gif", 10, 480, 480)


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(UsageError, match=r"no/result\.avi: cannot be written \(No such file"):
        VideoFile(tmp_path / "no" / "result.avi", 10, 480, 480)
