"""Reading, detection and drawing overlap in time."""

import threading

import numpy as np

from darknet_torch.cli.result_formats import TextFormat
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.source_run import ReadingSettings, Sinks, SourceRun
from darknet_torch.media import frame_batches as batches
from darknet_torch.media.sources import PictureSource, SourceKind
from darknet_torch.media.video_reader import VideoFrame
from darknet_torch.results.classification import Classification

COUNT = 8
LONG = 10  # seconds after which a thread that waits in vain fails the test
READING = ReadingSettings(batch=1, workers=1, exif=True, quiet=True)


def test_reading_and_drawing_continue_while_the_network_works(monkeypatch, tmp_path):
    read, searched, kept = ([threading.Event() for _ in range(COUNT)] for _ in range(3))
    order = []

    def read_frames(source, options):
        for number in range(COUNT):
            read[number].set()
            yield VideoFrame(np.zeros((2, 2, 3), np.uint8), number + 1, 25.0)

    def detect(frames):
        (frame,) = frames
        # While the network processes this frame, the next one can be read.
        assert read[min(frame.index + 1, COUNT - 1)].wait(LONG)
        searched[frame.index].set()
        return [Classification((), (), (), None, frame.filename)]

    def keep(frame, result):
        # While this frame is drawn, the network can process the next one.
        assert searched[min(frame.index + 1, COUNT - 1)].wait(LONG)
        kept[frame.index].set()
        order.append(frame.index)

    monkeypatch.setattr(batches, "read_frames", read_frames)
    sinks = Sinks([ResultOutput(TextFormat(to_screen=False), str(tmp_path / "out"))], [keep])
    SourceRun(detect, sinks, READING).run([[PictureSource("clip.mp4", SourceKind.VIDEO)]])
    assert all(event.is_set() for event in kept)
    assert order == list(range(COUNT))
    assert (tmp_path / "out").read_text().count("FPS:") == 2 * COUNT
