"""Videos are written completely or not at all."""

import resource
import signal

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


@pytest.fixture
def small_disk():
    """Files cannot grow beyond 6000 bytes, of which OpenCV says nothing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("suffix", CODECS)
def test_a_video_that_does_not_fit_the_disk_is_reported_and_removed(tmp_path, small_disk, suffix):
    path = tmp_path / f"result{suffix}"
    path.write_bytes(b"old")
    video = VideoFile(path, 10, 480, 480)
    for frame in sample_frames(3):
        video.write(frame)
    with pytest.raises(UsageError, match="expected 3 frames, got a file that is cut off; make"):
        video.close()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", CODECS)
def test_videos_of_any_rate_and_length_count_as_whole(tmp_path, suffix):
    frame = sample_frames(1)[0][:48, :48]
    for fps, count in ((1, 1), (23.976, 30), (240, 2)):
        video = VideoFile(tmp_path / f"{count}{suffix}", fps, 48, 48)
        for _ in range(count):
            video.write(frame)
        video.close()


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(
        UsageError,
        match=r"result\.gif: not a video format that can be written: expected \.mp4",
    ):
        VideoFile(tmp_path / "result.gif", 10, 480, 480)


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(UsageError, match=r"no/result\.avi: cannot be written \(No such file"):
        VideoFile(tmp_path / "no" / "result.avi", 10, 480, 480)
