"""Writing videos frame by frame. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.errors import UsageError
from darknet_torch.files import atomic_path

# Suffix -> codec. Every build of OpenCV has these codecs.
CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "XVID", ".avi": "MJPG"}
# Containers without a count of frames have a duration, which is rounded.
_COUNT_TOLERANCE = 1


class VideoFile:
    """Writes a video file, which appears at its path, complete, when it is closed.

    Args:
        path: where the file goes; its suffix chooses the container, one of `CODECS`.
        fps: frames per second.
        height, width: frame size in pixels; frames of another size are resized.

    Raises:
        UsageError: the suffix is not in `CODECS`, or the file cannot be written.
    """

    def __init__(self, path: Path, fps: float, height: int, width: int) -> None:
        check_video_suffix(path)
        self._path, self._size, self._count = path, (width, height), 0
        with ExitStack() as stack:
            with self._reporting_failure():
                temporary = stack.enter_context(atomic_path(path))
            self._temporary = temporary
            codec = cv2.VideoWriter.fourcc(*CODECS[path.suffix.lower()])
            self._writer = cv2.VideoWriter(str(temporary), codec, fps, self._size)
            if not self._writer.isOpened():
                raise UsageError("this video cannot be written", where=path)
            self._stack = stack.pop_all()

    def write(self, image: np.ndarray) -> None:
        """Add a frame, BGR uint8 [H, W, 3]."""
        if image.shape[1::-1] != self._size:
            image = cv2.resize(image, self._size)
        self._writer.write(image)
        self._count += 1

    def close(self) -> None:
        """Finish the file and move it to its path.

        Raises:
            UsageError: the file cannot be written; a file that was at the path before stays.
        """
        self._writer.release()
        with self._reporting_failure(), self._stack:
            if not _has_frames(self._temporary, self._count):
                raise UsageError(
                    "the video cannot be written",
                    where=self._path,
                    expected=f"{self._count} frames",
                    got="a file that is cut off",
                    fix="make room, or write to another disk",
                )

    def discard(self) -> None:
        """Delete what has been written; a file that was at the path before stays."""
        self._writer.release()
        error = InterruptedError()
        self._stack.__exit__(type(error), error, None)

    @contextmanager
    def _reporting_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"cannot be written ({error.strerror})", where=self._path) from None


def _has_frames(path: Path, count: int) -> bool:
    """Whether a video has been written to its end: OpenCV does not say when a disk was full.

    Args:
        path: the video.
        count: how many frames were written; the last of them must be found and decoded.
    """
    capture = cv2.VideoCapture(str(path))
    try:
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if abs(frames - count) > _COUNT_TOLERANCE:
            return False
        capture.set(cv2.CAP_PROP_POS_FRAMES, count - 1)
        return capture.read()[0]
    except cv2.error:
        return False
    finally:
        capture.release()


def check_video_suffix(path: Path) -> None:
    """Check that a path's suffix is in `CODECS`.

    Raises:
        UsageError: it is not.
    """
    if path.suffix.lower() not in CODECS:
        raise UsageError(
            "not a video format that can be written",
            where=path,
            expected=" ".join(CODECS),
        )
