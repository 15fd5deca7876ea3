"""Reading videos, streams and cameras: order, missing frames, reconnecting."""

import os
import struct

import cv2
import numpy as np
import pytest

from darknet_torch.errors import ImageError
from darknet_torch.media import video_reader as video
from darknet_torch.media.picture_limits import VARIABLE
from darknet_torch.media.sources import PictureSource, SourceKind
from darknet_torch.media.video_reader import (
    DEFAULT_FPS,
    VideoFrame,
    VideoReadOptions,
    expected_frames,
    read_frames,
)
from tests.media.sample_videos import (
    RATE,
    break_frames,
    camera,
    cut_off,
    declare_frame_lengths,
    sample_frames,
    write_video,
)

COUNT = 12
# Mean difference in grey levels: MJPEG and MPEG-4 are lossy; the next frame differs by 20.
CODEC_LOSS = 8


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "clip.avi", sample_frames(COUNT))


def read_all(source, options=None):
    """Return the frames of a source, and its errors as text."""
    found = list(read_frames(source, options or VideoReadOptions()))
    errors = [str(one) for one in found if isinstance(one, ImageError)]
    return [one for one in found if isinstance(one, VideoFrame)], errors


def distance(image, other):
    return np.abs(image.astype(int) - other).mean()


def video_of(path):
    return PictureSource(str(path), SourceKind.VIDEO)


def declare_size(path, height, width):
    """Rewrite the size in the headers of an AVI file, which becomes short and uncompressed."""
    data = bytearray(path.read_bytes()[:20000])
    struct.pack_into("<2I", data, data.index(b"avih") + 40, width, height)
    struct.pack_into("<2i", data, data.index(b"strf") + 12, width, height)
    at = data.index(b"strh") + 12, data.index(b"strf") + 24
    data[at[0] : at[0] + 4], data[at[1] : at[1] + 4] = b"DIB ", bytes(4)
    path.write_bytes(data)


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("side", "what"), [(15000, "the picture is too large"), (14000, "out of proportion")]
    )
    def test_frames_that_are_too_large_are_refused_by_the_header(self, clip, side, what):
        declare_size(clip, side, side)
        frames, (error,) = read_all(video_of(clip))
        assert frames == []
        assert what in error
        assert f"got {side} x {side} in a file of {clip.stat().st_size} bytes" in error

    def test_a_frame_that_is_larger_than_the_limit_is_one_that_cannot_be_decoded(
        self, clip, monkeypatch
    ):
        source = read_frames(video_of(clip), VideoReadOptions())
        next(source)
        monkeypatch.setenv(VARIABLE, "1000")
        assert [str(one) for one in source if isinstance(one, VideoFrame)] == []

    def test_a_pipe_is_refused_at_once(self, tmp_path):
        os.mkfifo(tmp_path / "a.mp4")
        source = video_of(tmp_path / "a.mp4")
        frames, (error,) = read_all(source)
        assert "not a file: expected a video, got a pipe or a device" in error
        assert (frames, video.expected_frames(source)) == ([], 0)

    def test_a_folder_is_no_video(self, tmp_path):
        assert "expected a video, got a folder" in read_all(video_of(tmp_path))[1][0]

    def test_no_more_frames_are_expected_than_the_file_has_bytes(self, clip):
        data = bytearray(clip.read_bytes())
        struct.pack_into("<I", data, data.index(b"avih") + 24, 10**9)
        struct.pack_into("<I", data, data.index(b"strh") + 40, 10**9)
        clip.write_bytes(data)
        assert video.expected_frames(video_of(clip)) == len(data)
        frames, errors = read_all(video_of(clip))
        assert (len(frames), len(errors)) == (COUNT, 1)
        assert "expected 1000000000 frames, as its header says" in errors[0]


class TestFiles:
    @pytest.mark.parametrize("suffix", [".avi", ".mp4"])
    def test_all_frames_come_in_order(self, tmp_path, suffix):
        pictures = sample_frames(COUNT)
        found, errors = read_all(video_of(write_video(tmp_path / f"clip{suffix}", pictures)))
        assert errors == []
        assert [frame.number for frame in found] == list(range(1, COUNT + 1))
        assert {frame.fps for frame in found} == {RATE}
        for frame in found:
            distances = [distance(frame.image, picture) for picture in pictures]
            assert np.argmin(distances) == frame.number - 1
            assert min(distances) < CODEC_LOSS

    @pytest.mark.parametrize("broken", [(5,), (1,), (1, 2, 7), (4, 5, 6)], ids=str)
    def test_frames_that_cannot_be_decoded_are_reported_and_skipped(self, clip, broken):
        break_frames(clip, *broken)
        found, errors = read_all(video_of(clip))
        whole = [number for number in range(1, COUNT + 1) if number not in broken]
        assert [frame.number for frame in found] == whole
        assert errors == [f"{clip}: frame {number} cannot be decoded" for number in broken]

    def test_the_error_comes_in_place_of_the_missing_frame(self, clip):
        break_frames(clip, 5)
        kinds = [
            isinstance(one, VideoFrame) for one in read_frames(video_of(clip), VideoReadOptions())
        ]
        assert kinds == [True] * 4 + [False] + [True] * 7

    def test_a_video_that_is_cut_off_is_reported(self, clip):
        cut_off(clip, 6)
        found, errors = read_all(video_of(clip))
        assert [frame.number for frame in found] == [1, 2, 3, 4, 5, 6]
        message = "the video is cut off: expected 12 frames, as its header says, got 6"
        assert errors == [f"{clip}: {message}; copy or download it again"]

    @pytest.mark.parametrize("first", [1, 4])
    def test_a_frame_of_a_length_that_opencv_refuses_ends_the_video(self, clip, first):
        declare_frame_lengths(clip, first, 2**26 + 1)
        found, errors = read_all(video_of(clip))
        assert [frame.number for frame in found] == list(range(1, first))
        got = f"expected {COUNT} frames, as its header says, got {first - 1}"
        assert errors == [f"{clip}: the video is cut off: {got}; copy or download it again"]

    def test_a_missing_file_is_reported(self):
        assert read_all(PictureSource("gone.mp4", SourceKind.VIDEO)) == (
            [],
            ["gone.mp4: no such video"],
        )

    @pytest.mark.parametrize("data", [b"", b"no video" * 99])
    def test_a_file_that_is_not_a_video_is_reported(self, tmp_path, data):
        (tmp_path / "clip.mp4").write_bytes(data)
        found, errors = read_all(video_of(tmp_path / "clip.mp4"))
        assert found == []
        assert errors == [f"{tmp_path}/clip.mp4: this video cannot be opened"]


class TestStreams:
    @pytest.fixture(autouse=True)
    def no_long_waits(self, monkeypatch):
        monkeypatch.setattr(video, "_FIRST_WAIT", 0.01)

    def test_a_stream_that_drops_is_opened_again(self):
        messages = []
        pictures = sample_frames(9)
        with camera(pictures[:4], pictures[4:6], pictures[6:]) as url:
            found, errors = read_all(
                PictureSource(url, SourceKind.STREAM),
                VideoReadOptions(reconnects=2, report=messages.append),
            )
        assert [frame.number for frame in found] == list(range(1, 10))
        for frame, picture in zip(found, pictures, strict=True):
            assert distance(frame.image, picture) < CODEC_LOSS
        # A received frame resets the count: two drops, then two attempts that fail.
        dropped = f"note: {url}: the stream dropped; connecting again"
        assert messages == [f"{dropped} ({n} of 2)" for n in (1, 1, 1, 2)]
        assert errors == [f"{url}: the stream has ended"]

    def test_without_reconnects_the_end_of_a_stream_is_not_an_error(self):
        with camera(sample_frames(3), sample_frames(3)) as url:
            found, errors = read_all(PictureSource(url, SourceKind.STREAM))
        assert (len(found), errors) == (3, [])

    def test_a_stream_that_cannot_be_opened_is_reported_without_retries(self):
        with camera() as url:
            source = PictureSource(url, SourceKind.STREAM)
            assert read_all(source, VideoReadOptions(reconnects=9)) == (
                [],
                [f"{url}: this stream cannot be opened"],
            )

    @pytest.mark.parametrize("scheme", ["file", "FILE", "ftp", "ssh", "sftp", "gopher", "data"])
    def test_no_list_makes_ffmpeg_open_what_is_no_stream(self, scheme, tmp_path):
        write_video(tmp_path / "a.avi", sample_frames(3))
        url = f"{scheme}://{tmp_path / 'a.avi'}"
        for kind in (SourceKind.STREAM, SourceKind.VIDEO):
            found, errors = read_all(PictureSource(url, kind))
            assert found == []
            assert errors[0].startswith(f"{url}: URLs of this kind are not opened: expected one")
        assert expected_frames(PictureSource(url, SourceKind.VIDEO)) == 0

    def test_waits_between_attempts_double_up_to_a_limit(self, monkeypatch):
        waits = []
        monkeypatch.setattr(video, "_FIRST_WAIT", 1.0)
        monkeypatch.setattr(video.time, "sleep", waits.append)
        with camera(sample_frames(1)) as url:
            read_all(PictureSource(url, SourceKind.STREAM), VideoReadOptions(reconnects=7))
        assert waits == [1, 2, 4, 8, 16, 30, 30]


class TestWebcams:
    def test_a_camera_is_opened_by_its_number(self, clip, monkeypatch):
        opened, real = [], cv2.VideoCapture

        def capture(source):
            opened.append(source)
            return real(str(clip))

        monkeypatch.setattr(cv2, "VideoCapture", capture)
        found, errors = read_all(PictureSource("3", SourceKind.WEBCAM))
        assert (opened, len(found), errors) == ([3], COUNT, [])

    def test_a_missing_camera_is_reported(self):
        found, errors = read_all(PictureSource("97", SourceKind.WEBCAM))
        assert (found, errors) == ([], ["webcam 97: this webcam cannot be opened"])


def test_no_bytes_of_a_file_reach_the_terminal(tmp_path, capfd):
    clip = tmp_path / "a.avi"
    clip.write_bytes(b"RIFF\xff\0\0\0AVI \x1bc\x1bc" + bytes(300))
    assert expected_frames(video_of(clip)) == 0
    assert read_all(video_of(clip))[1] == [f"{clip}: this video cannot be opened"]
    assert "\x1b" not in "".join(capfd.readouterr())


class CaptureWithFps:
    """A capture that reports another frame rate."""

    def __init__(self, capture, fps):
        self.capture, self.reported_fps = capture, fps

    def get(self, what):
        return self.reported_fps if what == cv2.CAP_PROP_FPS else self.capture.get(what)

    def __getattr__(self, name):
        return getattr(self.capture, name)


@pytest.mark.parametrize("reported", [0, float("nan"), 90000.0, -1])
def test_an_incredible_frame_rate_is_replaced_by_the_default(clip, monkeypatch, reported):
    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda *file: CaptureWithFps(real(*file), reported))
    found, _ = read_all(video_of(clip))
    assert {frame.fps for frame in found} == {DEFAULT_FPS}
