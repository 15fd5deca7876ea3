"""The line about the files that a run over sources has written."""

from types import SimpleNamespace

import pytest

from darknet_torch.cli.counted_files import CountedFiles
from darknet_torch.media.sources import PictureSource, SourceKind

PICTURE = SimpleNamespace(source=PictureSource("a.jpg", SourceKind.PICTURE))
VIDEO = SimpleNamespace(source=PictureSource("b.mp4", SourceKind.VIDEO))


@pytest.mark.parametrize(
    ("frames", "ignored", "line"),
    [
        ([PICTURE, PICTURE, VIDEO, VIDEO], {}, "annotated: 2 pictures, 1 video in out"),
        ([PICTURE, VIDEO], {"videos": False}, "annotated: 1 picture in out"),
        ([PICTURE, VIDEO], {"pictures": False}, "annotated: 1 video in out"),
        ([PICTURE], {"pictures": False}, ""),
        ([], {}, ""),
    ],
)
def test_pictures_and_videos_are_counted(frames, ignored, line):
    written = []
    files = CountedFiles(lambda *given: written.append(given), "annotated:", "in out", **ignored)
    for frame in frames:
        files.write(frame, "result")
    assert files.line() == line
    assert written == [(frame, "result") for frame in frames]


def test_what_could_not_be_written_is_not_counted():
    def fail(frame, result):
        raise OSError

    files = CountedFiles(fail, "annotated:", "in out")
    with pytest.raises(OSError):
        files.write(PICTURE, "result")
    assert files.line() == ""
