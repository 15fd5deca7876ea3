"""The window of --show."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.media.drawing import DrawingStyle
    from darknet_torch.media.frame_batches import Frame
    from darknet_torch.results.detections import Detections

_TITLE = "darknet_torch"
_END_KEYS = (27, ord("q"))  # 27 is Escape, as in Darknet's demo
_WAIT = 50  # milliseconds, after which it is checked again whether the window is still open


class ResultWindow:
    """Shows results; a picture stays until a key is pressed, video frames follow each other.

    Args:
        style: how detections are drawn.

    Raises:
        UsageError: there is no screen, or OpenCV was built without windows.
    """

    def __init__(self, style: DrawingStyle) -> None:
        import cv2

        self._style = style
        if sys.platform.startswith("linux") and not (
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        ):
            raise UsageError(
                "--show needs a screen",
                expected="DISPLAY or WAYLAND_DISPLAY in the environment",
                got="neither",
                fix="use --save DIR instead",
            )
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL)
        except cv2.error:
            raise UsageError(
                "--show needs an OpenCV with windows",
                got="one without, such as opencv-python-headless",
                fix="pip install opencv-python, or use --save DIR instead",
            ) from None

    def __enter__(self) -> ResultWindow:
        return self

    def __exit__(self, *error: object) -> None:
        import cv2

        cv2.destroyAllWindows()

    def show(self, frame: Frame, detections: Detections) -> bool:
        """Show a picture with its boxes; return whether the user ends the run."""
        import cv2

        cv2.imshow(_TITLE, detections.draw(frame.image, **vars(self._style)))
        key = cv2.waitKey(1)
        while not frame.source.is_video and key < 0 and self._is_open():
            key = cv2.waitKey(_WAIT)
        return key & 0xFF in _END_KEYS or not self._is_open()

    def _is_open(self) -> bool:
        import cv2

        return cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1
