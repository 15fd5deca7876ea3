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
        self._path, self._size = path, (width, height)
        with ExitStack() as stack:
            with self._reporting_failure():
                temporary = stack.enter_context(atomic_path(path))
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

    def close(self) -> None:
        """Finish the file and move it to its path.

        Raises:
            UsageError: the file cannot be written.
        """
        self._writer.release()
        with self._reporting_failure():
            self._stack.close()

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
