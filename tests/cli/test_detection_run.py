"""Videos, cameras and standard input through `dtorch detect`."""

import json
import re
import signal

import cv2
import numpy as np
import pytest

from darknet_torch import Detector, load
from darknet_torch.cli.result_formats import JsonLinesFormat
from darknet_torch.media import video_reader as video
from tests.cli.command import LONG, started_dtorch
from tests.cli.toy_detection import CLIP_FRAMES, DONE, INTERRUPTED, SOME_FAILED, detect, records
from tests.media.sample_videos import (
    RATE,
    break_frames,
    camera,
    cut_off,
    read_video,
    sample_frames,
    write_video,
)
from tests.toy.files import CFG, PICTURE

pytestmark = pytest.mark.usefixtures("clip_folder")
# For scores and for fractions of a picture: JSON has six decimals, and a batch may add in another
# order, in float32.
SAME = 1e-4


def numbers(record):
    """Class, score, x, y, width, height of each object."""
    return np.array(
        [
            [thing["class_id"], thing["confidence"], *thing["relative_coordinates"].values()]
            for thing in record["objects"]
        ]
    )


class TestFiles:
    @pytest.mark.parametrize("batch", [1, 4])
    def test_every_frame_is_processed_as_in_darknets_demo(self, batch):
        detector = Detector(load(CFG, CFG.with_suffix(".weights")), resize="opencv")
        frames = read_video("clip.avi")
        found = records("clip.avi", "--batch", batch)
        assert [record["frame_id"] for record in found] == list(range(1, CLIP_FRAMES + 1))
        for record, frame in zip(found, frames, strict=True):
            expected = detector(frame).to_dict()
            assert len(record["objects"]) >= 4
            np.testing.assert_allclose(numbers(record), numbers(expected), atol=SAME)

    def test_the_text_is_that_of_darknets_demo(self):
        result = detect("clip.avi")
        assert result.exit_code == DONE
        box = r"[a-z]+: \d+%\t\(left_x: +-?\d+   top_y: +-?\d+   width: +\d+   height: +\d+\)\n"
        frame = rf"Objects:\n\n({box})+\nFPS:\d+\.\d \t AVG_FPS:\d+\.\d\n"
        assert re.fullmatch(f"({frame}){{{CLIP_FRAMES}}}", result.stdout)

    @pytest.mark.parametrize("name", ["clip.avi", "clip.mp4"])
    def test_an_annotated_video_has_its_frames_and_boxes(self, clip_folder, name):
        write_video(clip_folder / name, sample_frames(CLIP_FRAMES))
        detector = Detector(load(CFG, CFG.with_suffix(".weights")), resize="opencv")
        detector.names = ("circle", "square", "triangle")
        assert detect(name, "--save", "out").exit_code == DONE
        plain, saved = read_video(name), read_video(f"out/{name}")
        assert len(saved) == CLIP_FRAMES
        capture = cv2.VideoCapture(f"out/{name}")
        assert capture.get(cv2.CAP_PROP_FPS) == RATE
        capture.release()
        for before, after in zip(plain, saved, strict=True):
            drawn = detector(before).draw(before)
            changed = np.abs(drawn.astype(int) - before).max(2) > 64
            # Where boxes are drawn the saved frame is nearer to a drawing than to its source.
            to_drawn = np.abs(after.astype(int) - drawn)[changed].mean()
            assert changed.sum() > 500
            assert to_drawn < np.abs(after.astype(int) - before)[changed].mean() / 2

    def test_a_broken_frame_is_reported_and_the_others_processed(self, clip_folder):
        break_frames(clip_folder / "clip.avi", 3)
        result = detect("clip.avi", "--format", "jsonl", "--save", "out")
        assert result.exit_code == SOME_FAILED
        found = [json.loads(line)["frame_id"] for line in result.stdout.splitlines()]
        assert found == [1, 2, 4, 5, 6]
        assert result.stderr.splitlines() == [
            "dtorch: clip.avi: frame 3 cannot be decoded",
            "annotated: 1 video in out",
            "dtorch: 1 of 6 pictures and frames failed",
        ]
        assert len(read_video("out/clip.avi")) == CLIP_FRAMES - 1

    def test_a_truncated_video_is_reported(self, clip_folder):
        cut_off(clip_folder / "clip.avi", 2)
        assert len(records("clip.avi", status=SOME_FAILED)) == 2

    def test_a_file_that_is_not_a_video_does_not_end_the_run(self, clip_folder):
        (clip_folder / "none.mp4").write_bytes(b"no video")
        result = detect("none.mp4", "gone.avi", PICTURE)
        assert result.exit_code == SOME_FAILED
        assert "none.mp4: this video cannot be opened" in result.stderr
        assert "gone.avi: no such video" in result.stderr
        assert "circle: " in result.stdout

    def test_a_failed_run_leaves_no_incomplete_video(self, clip_folder, monkeypatch):
        def interrupt(*arguments, **more):
            raise KeyboardInterrupt

        monkeypatch.setattr("darknet_torch.cli.result_formats.TextFormat.format", interrupt)
        assert detect("clip.avi", "--save", "out").exit_code == INTERRUPTED
        assert list((clip_folder / "out").iterdir()) == []


class TestCameras:
    @pytest.fixture(autouse=True)
    def no_long_waits(self, monkeypatch):
        monkeypatch.setattr(video, "_FIRST_WAIT", 0.01)

    def test_a_stream_that_drops_comes_back(self):
        with camera([], sample_frames(3), sample_frames(2)) as url:
            result = detect(url, "--reconnects", 1, "--format", "jsonl")
        assert result.exit_code == SOME_FAILED
        assert result.stderr.count("the stream dropped; connecting again (1 of 1)") == 2
        assert f"{url}: the stream has ended" in result.stderr
        found = [json.loads(line)["frame_id"] for line in result.stdout.splitlines()]
        # Frames that arrive while the network works may be dropped, but never the last one.
        assert found[-1] == 5
        assert found == sorted(set(found))

    def test_quiet_does_not_report_reconnecting(self):
        with camera([], sample_frames(1)) as url:
            result = detect(url, "--reconnects", 1, "--quiet")
        assert "connecting" not in result.stderr

    @pytest.fixture
    def webcam(self, monkeypatch):
        """Camera 0 shows the video."""
        real = cv2.VideoCapture
        names = {0: "clip.avi"}
        monkeypatch.setattr(
            cv2, "VideoCapture", lambda name, *backend: real(names.get(name, name))
        )

    def test_a_webcam_goes_by_its_number(self, webcam):
        found = records("0", "--reconnects", 0, "--save", "out")
        assert {record["filename"] for record in found} == {"0"}
        assert found[-1]["frame_id"] == CLIP_FRAMES
        assert len(read_video("out/webcam-0.mp4")) == len(found)

    def test_interrupting_a_live_source_keeps_the_results_so_far(self, webcam, monkeypatch):
        format_one, calls = JsonLinesFormat.format, []

        def third_is_interrupted(*arguments):
            calls.append(arguments)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return format_one(*arguments)

        monkeypatch.setattr(JsonLinesFormat, "format", third_is_interrupted)
        for kind in ("_Item", "FrameBatch"):
            monkeypatch.setattr(f"darknet_torch.media.frame_batches.{kind}.drop_if_newer", False)
        found = records("0", "--save", "out", status=INTERRUPTED)
        assert [record["frame_id"] for record in found] == [1, 2]
        assert len(read_video("out/webcam-0.mp4")) == 2


class TestStandardInput:
    def test_its_lines_are_paths(self):
        lines = f"{PICTURE}\ngone.png\nclip.avi\n"
        result = detect("-", "--format", "jsonl", stdin=lines)
        assert result.exit_code == SOME_FAILED
        names = [json.loads(line)["filename"] for line in result.stdout.splitlines()]
        assert names == [str(PICTURE), *["clip.avi"] * CLIP_FRAMES]

    def test_each_result_is_printed_before_the_next_path_is_read_until_an_interrupt(self):
        with started_dtorch("detect", "--cfg", CFG, "--format", "jsonl", "-") as process:
            for count in (1, 2):
                process.stdin.write(f"{PICTURE}\n")
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["frame_id"] == count
            process.send_signal(signal.SIGINT)
            assert process.wait(LONG) == INTERRUPTED
            assert process.stderr.read() == "dtorch: interrupted\n"
