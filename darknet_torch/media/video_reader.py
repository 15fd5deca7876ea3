"""The frames of videos, streams and cameras. No torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.errors import ImageError
from darknet_torch.media.sources import PictureSource, SourceKind

DEFAULT_FPS = 25.0  # frames a second where a source tells none. Source: image_opencv.cpp
_CREDIBLE_RATES = (1.0, 240.0)  # some streams tell the ticks of their clock instead
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0  # seconds between attempts to reconnect
# Containers without a count tell length times rate, which rounds; others count frames that
# only open or close a group and are never shown.
_COUNT_IS_OFF = (2, 0.02)  # frames, or part of all
_HOPELESS = 1000  # frames in a row that cannot be decoded: nothing follows


@dataclass(frozen=True)
class VideoFrame:
    """A frame of a moving source.

    Attributes:
        image: BGR uint8 [H, W, 3].
        number: from 1, those counted that could not be decoded.
        fps: frames a second of the source.
    """

    image: np.ndarray
    number: int
    fps: float


@dataclass(frozen=True)
class VideoReadOptions:
    """How to read moving sources.

    Attributes:
        exif: turn frames as their container says.
        reconnects: how often in a row to open a live source again that has dropped.
        report: takes a line for the user.
    """

    exif: bool = True
    reconnects: int = 0
    report: Callable[[str], None] = lambda text: None


def read_frames(
    source: PictureSource, options: VideoReadOptions
) -> Generator[VideoFrame | ImageError, None, None]:
    """The frames of a moving source, in order, and what is wrong where one is missing."""
    try:
        capture = _open(source, options)
    except ImageError as error:
        yield error
        return
    yield from (_read_live if source.is_live else _read_file)(source, capture, options)


def _open(source: PictureSource, options: VideoReadOptions) -> cv2.VideoCapture:
    number = int(source.name) if source.kind is SourceKind.WEBCAM else None
    if (
        source.kind is SourceKind.VIDEO
        and "://" not in source.name
        and not Path(source.name).exists()
    ):
        raise ImageError("no such video", where=source.name)
    capture = cv2.VideoCapture(source.name if number is None else number)
    if not capture.isOpened():
        what = f"this {source.kind.value} cannot be opened"
        raise ImageError(what, where=source.name if number is None else f"webcam {number}")
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, float(options.exif))
    return capture


def _rate(capture: cv2.VideoCapture) -> float:
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    low, high = _CREDIBLE_RATES
    return rate if low <= rate <= high else DEFAULT_FPS


def _read_file(
    source: PictureSource, capture: cv2.VideoCapture, options: VideoReadOptions
) -> Generator[VideoFrame | ImageError, None, None]:
    """Differs: Darknet's demo ends at the first frame that cannot be decoded."""
    rate, count = _rate(capture), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    number = good = 0
    try:
        while number - good < _HOPELESS and (number <= count or number == good):
            number += 1
            done, image = capture.read()
            if done:
                for broken in range(good + 1, number):
                    yield ImageError(f"frame {broken} cannot be decoded", where=source.name)
                good = number
                yield VideoFrame(image, number, rate)
    finally:
        capture.release()
    frames_off, part_off = _COUNT_IS_OFF
    if good == 0 or count - good > max(frames_off, part_off * count):
        expected = f"{count} frames, as its header says" if count > 0 else "frames"
        what = "the video is cut off"
        yield ImageError(what, where=source.name, expected=expected, got=good)


def _read_live(
    source: PictureSource, capture: cv2.VideoCapture, options: VideoReadOptions
) -> Generator[VideoFrame | ImageError, None, None]:
    """Differs: Darknet's demo ends when a stream drops."""
    number = attempts = 0
    while True:
        rate = _rate(capture)
        try:
            while (read := capture.read())[0]:
                number, attempts = number + 1, 0
                yield VideoFrame(read[1], number, rate)
        finally:
            capture.release()
        again = None
        while again is None and attempts < options.reconnects:
            again, attempts = _reopen(source, options, attempts), attempts + 1
        if again is None:
            break
        capture = again
    if options.reconnects or not number:
        yield ImageError(f"the {source.kind.value} has ended", where=source.name)


def _reopen(
    source: PictureSource, options: VideoReadOptions, attempts: int
) -> cv2.VideoCapture | None:
    """Another capture of a live source, after a wait that grows with the attempts so far."""
    options.report(
        f"note: {source.name}: the {source.kind.value} dropped; connecting again"
        f" ({attempts + 1} of {options.reconnects})"
    )
    time.sleep(min(_FIRST_WAIT * 2**attempts, _LONGEST_WAIT))
    try:
        return _open(source, options)
    except ImageError:
        return None
