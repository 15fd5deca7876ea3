"""What a run over sources has written, in a line for the user. No torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from darknet_torch.media.frame_batches import Frame
    from darknet_torch.media.sources import PictureSource

_Result = TypeVar("_Result")


class CountedFiles(Generic[_Result]):
    """Counts the pictures and videos whose results a function writes to files.

    Args:
        write: writes the result of a picture or frame.
        what: what is written, such as "annotated:" or "labels of".
        where: where, such as "in results/".
        pictures, videos: whether `write` writes anything for them.
    """

    def __init__(
        self,
        write: Callable[[Frame, _Result], None],
        what: str,
        where: str,
        *,
        pictures: bool = True,
        videos: bool = True,
    ) -> None:
        self._write, self._what, self._where = write, what, where
        self._counts_pictures, self._counts_videos = pictures, videos
        self._pictures = 0
        self._videos: set[PictureSource] = set()

    def write(self, frame: Frame, result: _Result) -> None:
        """Write the result, and count it."""
        self._write(frame, result)
        if frame.source.is_video:
            self._videos.update([frame.source] if self._counts_videos else [])
        else:
            self._pictures += self._counts_pictures

    def line(self) -> str:
        """Say how many, such as ``annotated: 12 pictures, 1 video in results/``."""
        counts = ((self._pictures, "picture"), (len(self._videos), "video"))
        listed = [f"{count} {word}{'s' * (count > 1)}" for count, word in counts if count]
        return f"{self._what} {', '.join(listed)} {self._where}" if listed else ""
