"""Videos written frame by frame. No torch."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.errors import UsageError
from darknet_torch.files import atomic_path

# Codecs that every build of OpenCV brings along.
CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "XVID", ".avi": "MJPG"}


class VideoFile:
    """A video file, there when it is closed, whole or not at all.

    Args:
        path: its suffix says which kind, one of `CODECS`.
        rate: frames a second.
        height, width: of its frames, in pixels; frames of another size are resized.

    Raises:
        UsageError: it cannot be written.
    """

    def __init__(self, path: Path, rate: float, height: int, width: int) -> None:
        check_video_suffix(path)
        self._path, self._size = path, (width, height)
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(path))
            codec = cv2.VideoWriter.fourcc(*CODECS[path.suffix.lower()])
            self._writer = cv2.VideoWriter(str(temporary), codec, rate, self._size)
            if not self._writer.isOpened():
                raise UsageError("this video cannot be written", where=path)
            self._stack = stack.pop_all()

    def write(self, image: np.ndarray) -> None:
        """Add a frame, BGR uint8 [H, W, 3]."""
        if image.shape[1::-1] != self._size:
            image = cv2.resize(image, self._size)
        self._writer.write(image)

    def close(self) -> None:
        """Finish it.

        Raises:
            UsageError: it cannot be written.
        """
        self._writer.release()
        try:
            self._stack.close()
        except OSError as error:
            raise UsageError(f"cannot be written ({error.strerror})", where=self._path) from None

    def discard(self) -> None:
        """Leave nothing of it."""
        self._writer.release()
        error = InterruptedError()
        self._stack.__exit__(type(error), error, None)


def check_video_suffix(path: Path) -> None:
    """Refuse a suffix that is not in `CODECS`.

    Raises:
        UsageError: it is not.
    """
    if path.suffix.lower() not in CODECS:
        raise UsageError("no kind of video file", where=path, expected=" ".join(CODECS))
