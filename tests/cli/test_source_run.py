"""Reading, the steps of the network, and drawing overlap in time."""

import threading

import numpy as np
import pytest

from darknet_torch.cli.result_formats import TextFormat
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.source_run import ReadingSettings, Sinks, SourceRun, Steps
from darknet_torch.media import frame_batches as batches
from darknet_torch.media.sources import PictureSource, SourceKind
from darknet_torch.media.video_reader import VideoFrame
from darknet_torch.results.classification import Classification

COUNT = 8
LONG = 10  # seconds after which a thread that waits in vain fails the test
READING = ReadingSettings(batch=1, workers=1, exif=True, quiet=True)


CLIP = PictureSource("clip.mp4", SourceKind.VIDEO)


def events():
    return [threading.Event() for _ in range(COUNT)]


def frames_of_a_clip(monkeypatch, source=CLIP, before=lambda number: None):
    """Let a source have COUNT black frames; `before` is called with the index of each."""

    def read_frames(source, options):
        for number in range(COUNT):
            before(number)
            yield VideoFrame(np.zeros((2, 2, 3), np.uint8), number + 1, 25.0)

    monkeypatch.setattr(batches, "read_frames", read_frames)
    return [[source]]


def named(frames):
    return [Classification((), (), (), None, frame.filename) for frame in frames]


def steps(
    prepare=lambda frames: frames,
    predict=lambda frames: frames,
    finish=lambda frames, found: named(frames),
):
    return Steps(prepare, predict, finish)


def printing(tmp_path, keep=(), **sinks):
    output = ResultOutput(TextFormat(to_screen=False), str(tmp_path / "out"))
    return Sinks([output], keep, **sinks)


def test_all_steps_overlap(monkeypatch, tmp_path):
    read, prepared, predicted, finished, kept = (events() for _ in range(5))
    order = []

    def followed_by(step, next_frame):
        """Mark a step of a frame as done once the step before it has done the next frame."""

        def run(frames, *rest):
            (frame,) = frames
            assert next_frame[min(frame.index + 1, COUNT - 1)].wait(LONG)
            step[frame.index].set()
            return frames

        return run

    finish = followed_by(finished, predicted)

    def keep(frame, result):
        followed_by(kept, finished)([frame])
        order.append(frame.index)

    groups = frames_of_a_clip(monkeypatch, before=lambda number: read[number].set())
    overlapping = steps(
        followed_by(prepared, read),
        followed_by(predicted, prepared),
        lambda frames, found: named(finish(frames)),
    )
    SourceRun(overlapping, printing(tmp_path, [keep]), READING).run(groups)
    assert all(event.is_set() for event in kept)
    assert order == list(range(COUNT))
    assert (tmp_path / "out").read_text().count("FPS:") == 2 * COUNT


def test_a_result_is_there_before_the_source_continues(monkeypatch, tmp_path):
    shown = events()

    def wait_for_result(number):
        assert number == 0 or shown[number - 1].wait(LONG)

    def finish(frames, found):
        shown[frames[0].index].set()
        return named(frames)

    groups = frames_of_a_clip(monkeypatch, before=wait_for_result)
    SourceRun(steps(finish=finish), printing(tmp_path), READING).run(groups)
    assert all(event.is_set() for event in shown)


def test_the_network_runs_in_the_main_thread_and_so_does_the_window(monkeypatch, tmp_path):
    threads = set()

    def predict(frames):
        threads.add(threading.current_thread())
        return frames

    def show(frame, result):
        threads.add(threading.current_thread())
        return frame.index == 3

    run = SourceRun(steps(predict=predict), printing(tmp_path, show=show), READING)
    run.run(frames_of_a_clip(monkeypatch))
    assert threads == {threading.main_thread()}
    assert (tmp_path / "out").read_text().count("Objects:") == 4  # the fourth ended the run


def test_an_error_ends_the_run_while_the_source_waits(monkeypatch, tmp_path):
    ended = threading.Event()

    def wait_in_vain(number):
        assert number == 0 or ended.wait(LONG)

    def fail(frames, found):
        raise OSError("the reader of the pipe is gone")

    groups = frames_of_a_clip(monkeypatch, before=wait_in_vain)
    monkeypatch.setattr("darknet_torch.media.prefetch._CLOSE_TIMEOUT", 0)
    with pytest.raises(OSError, match="the reader of the pipe is gone"):
        SourceRun(steps(finish=fail), printing(tmp_path), READING).run(groups)
    ended.set()


def test_of_a_live_source_the_newest_frame_is_prepared(monkeypatch, tmp_path):
    """What is prepared in advance would be old when the network comes to it."""
    first, last_read, numbers = threading.Event(), threading.Event(), []

    def pace(number):
        assert number == 0 or first.wait(LONG)
        if number == COUNT - 1:
            last_read.set()

    def prepare(frames):
        numbers.append(frames[0].number)
        assert threading.current_thread() is threading.main_thread()
        return frames

    def predict(frames):
        first.set()
        assert last_read.wait(LONG)
        return frames

    camera = PictureSource("0", SourceKind.WEBCAM)
    groups = frames_of_a_clip(monkeypatch, camera, before=pace)
    SourceRun(steps(prepare, predict), printing(tmp_path), READING).run(groups)
    # One frame may have been on its way when the last one came.
    assert numbers[0] == 1
    assert numbers[-1] == COUNT
    assert len(numbers) <= 4


def test_an_interrupt_of_a_live_source_keeps_what_was_computed(monkeypatch, tmp_path):
    first, kept = threading.Event(), []

    def predict(frames):
        if first.is_set():
            raise KeyboardInterrupt
        first.set()
        return frames

    camera = PictureSource("0", SourceKind.WEBCAM)
    groups = frames_of_a_clip(
        monkeypatch, camera, before=lambda number: number == 0 or first.wait(LONG)
    )
    sinks = printing(tmp_path, [lambda frame, result: kept.append(frame.number)])
    with pytest.raises(KeyboardInterrupt):
        SourceRun(steps(predict=predict), sinks, READING).run(groups)
    assert kept == [1]
    assert (tmp_path / "out").read_text().count("Objects:") == 1
