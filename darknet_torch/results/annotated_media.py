"""Writing pictures and videos with detections drawn on them. No torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from darknet_torch.errors import UsageError
from darknet_torch.files import FreePaths
from darknet_torch.media.drawing import DEFAULT_STYLE, DrawingStyle
from darknet_torch.media.frame_batches import Frame
from darknet_torch.media.images import write_picture
from darknet_torch.media.sources import PictureSource, SourceKind, file_name
from darknet_torch.media.video_writer import CODECS, VideoFile, check_video_suffix
from darknet_torch.results.detections import Detections

PREDICTIONS = Path("predictions.jpg")


class AnnotatedVideo:
    """Writes one video with all annotated video frames of a run; pictures are left out.

    Args:
        path: path of the video file, which is written if there are frames.
        style: how the detections are drawn.

    Raises:
        UsageError: the suffix is not a video format that can be written.
    """

    def __init__(self, path: Path, style: DrawingStyle = DEFAULT_STYLE) -> None:
        check_video_suffix(path)
        self._path, self._style = path, style
        self._file: VideoFile | None = None

    def __enter__(self) -> AnnotatedVideo:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if self._file is not None:
            if kind is None:
                self._file.close()
            else:
                self._file.discard()

    def write(self, frame: Frame, detections: Detections) -> None:
        """Draw the detections and add the frame to the video."""
        if frame.source.is_video:
            if self._file is None:
                self._file = VideoFile(self._path, frame.fps, *frame.image.shape[:2])
            self._file.write(detections.draw(frame.image, **vars(self._style)))


class AnnotatedFolder:
    """Writes annotated pictures and videos to a folder, under the names of their sources.

    Args:
        paths: gives the paths of the files.
        style: how the detections are drawn.
    """

    def __init__(self, paths: FreePaths, style: DrawingStyle = DEFAULT_STYLE) -> None:
        self._paths, self._style = paths, style
        self._source: PictureSource | None = None
        self._video: AnnotatedVideo | None = None

    def __enter__(self) -> AnnotatedFolder:
        return self

    def __exit__(self, *error: object) -> None:
        if self._video is not None:
            self._video.__exit__(*error)

    def write(self, frame: Frame, detections: Detections) -> None:
        """Draw the detections and write the picture, or add the frame to its video."""
        if not frame.source.is_video:
            stem, suffix = source_stem(frame.source), picture_suffix(frame.source)
            path = self._paths.take(stem, suffix, frame.filename)
            write_picture(path, detections.draw(frame.image, **vars(self._style)))
            return
        if self._video is None or self._source != frame.source:
            self.__exit__(None)
            suffix = _suffix_for(frame.source, CODECS, ".mp4")
            path = self._paths.take(source_stem(frame.source), suffix, frame.filename)
            self._source, self._video = frame.source, AnnotatedVideo(path, self._style)
        self._video.write(frame, detections)


class LastPicture:
    """Keeps the last annotated picture as ``predictions.jpg`` in the working folder.

    The user did not ask for this file. If it cannot be written, there is one warning and the run
    continues.

    Args:
        warn: called with the warning.
        style: how the detections are drawn.

    Source: detector.c test_detector (AlexeyAB).
    """

    def __init__(self, warn: Callable[[str], object], style: DrawingStyle = DEFAULT_STYLE) -> None:
        self._warn, self._style, self._failed = warn, style, False

    def write(self, frame: Frame, detections: Detections) -> None:
        """Draw the detections and write the picture; video frames are skipped."""
        if frame.source.is_video or self._failed:
            return
        try:
            write_picture(PREDICTIONS, detections.draw(frame.image, **vars(self._style)))
        except UsageError as error:
            self._failed = True
            self._warn(f"warning: {error}")


def source_stem(source: PictureSource) -> str:
    """Return the name, without suffix, of the result files of a source."""
    if source.kind is SourceKind.WEBCAM:
        return f"webcam-{source.name}"
    if source.kind is SourceKind.STREAM:
        return f"stream-{urlsplit(source.name).hostname}"
    return Path(file_name(source.name)).stem


def picture_suffix(source: PictureSource) -> str:
    """Return the suffix of pictures made from a source: its own if .jpg or .png, else .png."""
    return _suffix_for(source, (".jpg", ".png"), ".png")


def _suffix_for(source: PictureSource, suffixes: Iterable[str], default: str) -> str:
    """Return the source's suffix if it is one of `suffixes`, else `default`."""
    suffix = Path(file_name(source.name)).suffix.lower()
    return suffix if suffix in suffixes else default
