"""Videos are written whole or not at all."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.media.video_writer import CODECS, VideoFile
from tests.media.sample_videos import read_video, sample_frames


@pytest.mark.parametrize("suffix", [*CODECS, ".AVI"])
def test_a_video_has_its_frames(tmp_path, suffix):
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


def test_what_is_discarded_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "result.avi"
    path.write_bytes(b"old")
    video = VideoFile(path, 10, 480, 480)
    video.write(sample_frames(1)[0])
    video.discard()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"result\.gif: no kind of video file: expected \.mp4"):
        VideoFile(tmp_path / "result.gif", 10, 480, 480)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no/result\.avi: this video cannot be written"):
        VideoFile(tmp_path / "no" / "result.avi", 10, 480, 480)
