"""Reading the frames of videos, streams and cameras. No torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.errors import ImageError
from darknet_torch.media.library_messages import escaped_library_messages
from darknet_torch.media.picture_limits import (
    COPY_AGAIN,
    check_declared_size,
    check_pixels,
    max_pixels,
)
from darknet_torch.media.sources import STREAM_SCHEMES, PictureSource, SourceKind
from darknet_torch.text import backslash_fix, is_file, is_folder, path_exists, refusal

DEFAULT_FPS = 25.0  # frames per second of a source that reports none. Source: image_opencv.cpp
_CREDIBLE_FPS = (1.0, 240.0)  # some streams report the ticks of their clock instead
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0  # seconds between attempts to reconnect
# How far the frame count of a header may be off. Containers without a count report duration
# times rate, which rounds; others count frames that only open or close a group and are never
# shown.
_COUNT_TOLERANCE = (2, 0.02)  # frames, or a fraction of the count, whichever is larger
_MAX_BROKEN = 1000  # consecutive frames that cannot be decoded before reading stops


@dataclass(frozen=True)
class VideoFrame:
    """One frame of a video, stream or camera.

    Attributes:
        image: BGR uint8 [H, W, 3].
        number: from 1; frames that could not be decoded count too.
        fps: frames per second of the source.
    """

    image: np.ndarray
    number: int
    fps: float


@dataclass(frozen=True)
class VideoReadOptions:
    """Options for reading pictures and videos.

    Attributes:
        exif: rotate pictures and frames according to their metadata.
        reconnects: how many times in a row a live source is opened again after it dropped.
        report: called with each message for the user.
    """

    exif: bool = True
    reconnects: int = 0
    report: Callable[[str], None] = lambda text: None


def expected_frames(source: PictureSource) -> int | None:
    """Return how many frames a video says it has; 0 if it says nothing, None if it has no end.

    Args:
        source: a picture, which is one frame; a video, a stream or a camera.
    """
    if source.is_picture:
        return 1
    if source.may_wait:
        return None
    if _is_foreign_url(source):
        return 0
    try:
        _check_is_file(source)
        count = max(0, _frame_count(_capture(source.name)))
        # A frame takes a byte or more, whatever the header says.
        return min(count, Path(source.name).stat().st_size) if _is_local(source) else count
    except (cv2.error, ImageError, OSError):
        return 0


def read_frames(
    source: PictureSource, options: VideoReadOptions
) -> Generator[VideoFrame | ImageError, None, None]:
    """Yield the frames of a video source in order, and an error in place of a missing frame."""
    try:
        capture = _open(source, options)
    except ImageError as error:
        yield error
        return
    yield from (_read_live if source.is_live else _read_file)(source, capture, options)


def _is_foreign_url(source: PictureSource) -> bool:
    """Whether it is a URL that FFmpeg might open and no list may name, as file:// and ftp://."""
    scheme, separator, _ = source.name.partition("://")
    return bool(separator) and scheme.lower() not in STREAM_SCHEMES


def _open(source: PictureSource, options: VideoReadOptions) -> cv2.VideoCapture:
    if _is_foreign_url(source):
        raise ImageError(
            "URLs of this kind are not opened",
            where=source.name,
            expected=f"one that starts with {', '.join(STREAM_SCHEMES)}, or the path of a file",
        )
    camera = int(source.name) if source.kind is SourceKind.WEBCAM else None
    _check_is_file(source)
    try:
        capture = _capture(source.name) if camera is None else cv2.VideoCapture(camera)
        opened = capture.isOpened()
    except cv2.error:
        opened = False
    if not opened:
        what = f"this {source.kind.value} cannot be opened"
        raise ImageError(what, where=source.name if camera is None else f"webcam {camera}")
    _check_declared_size(source, capture)
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, float(options.exif))
    return capture


def _capture(name: str) -> cv2.VideoCapture:
    """Open a file or a stream, with FFmpeg where OpenCV has it and it can.

    Damaged files that it refuses may be read by OpenCV's own reader of AVI, which prints bytes
    of them. For a stream that it could not reach no other reader waits again.
    """
    if not cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG):
        return cv2.VideoCapture(name)
    capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
    if capture.isOpened() or "://" in name:
        return capture
    with escaped_library_messages():
        return cv2.VideoCapture(name)


def _is_local(source: PictureSource) -> bool:
    return source.kind is SourceKind.VIDEO and "://" not in source.name


def _check_is_file(source: PictureSource) -> None:
    """Refuse a path of a video that is none, or of a pipe, for which FFmpeg would wait for ever.

    Raises:
        ImageError: there is no such file.
    """
    if not _is_local(source):
        return
    if not path_exists(source.name):
        raise ImageError(
            refusal(source.name) or "no such video",
            where=source.name,
            fix=backslash_fix(source.name),
        )
    if not is_file(source.name):
        raise ImageError(
            "not a file",
            where=source.name,
            expected="a video",
            got="a folder" if is_folder(source.name) else "a pipe or a device",
            fix="give a camera by its number, such as 0",
        )


def _check_declared_size(source: PictureSource, capture: cv2.VideoCapture) -> None:
    """Refuse a video whose frames would take memory out of proportion, before one is decoded.

    Raises:
        ImageError: they would.
    """
    sides = (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)
    height, width = (max(0, int(capture.get(side))) for side in sides)
    try:
        if _is_local(source):
            check_declared_size(height, width, Path(source.name).stat().st_size, source.name)
        else:
            check_pixels(height, width, source.name)
    except ImageError:
        capture.release()
        raise


def _frame_count(capture: cv2.VideoCapture) -> int:
    """Return how many frames the header says there are; 0 or less if it says nothing."""
    return int(capture.get(cv2.CAP_PROP_FRAME_COUNT))


def _fps(capture: cv2.VideoCapture) -> float:
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    low, high = _CREDIBLE_FPS
    return fps if low <= fps <= high else DEFAULT_FPS


def _read_frame(capture: cv2.VideoCapture) -> np.ndarray | None:
    """Return the next frame, BGR uint8 [H, W, 3]; None if there is none or it is broken.

    OpenCV raises an error for some frames, such as one whose declared length it does not accept.
    A frame that is larger than those that the header declares may be too large.
    """
    try:
        done, image = capture.read()
    except cv2.error:
        return None
    return image if done and image.shape[0] * image.shape[1] <= max_pixels() else None


def _read_file(
    source: PictureSource, capture: cv2.VideoCapture, options: VideoReadOptions
) -> Generator[VideoFrame | ImageError, None, None]:
    """Yield the frames of a file, which has an end.

    Differs: Darknet's demo ends at the first frame that cannot be decoded.
    """
    fps, count = _fps(capture), _frame_count(capture)
    number = last_decoded = 0
    try:
        while number - last_decoded < _MAX_BROKEN and (number <= count or number == last_decoded):
            number += 1
            image = _read_frame(capture)
            if image is not None:
                for broken in range(last_decoded + 1, number):
                    yield ImageError(f"frame {broken} cannot be decoded", where=source.name)
                last_decoded = number
                yield VideoFrame(image, number, fps)
    finally:
        capture.release()
    frames_off, fraction_off = _COUNT_TOLERANCE
    if last_decoded == 0 or count - last_decoded > max(frames_off, fraction_off * count):
        expected = f"{count} frames, as its header says" if count > 0 else "frames"
        yield ImageError(
            "the video is cut off",
            where=source.name,
            expected=expected,
            got=last_decoded,
            fix=COPY_AGAIN,
        )


def _read_live(
    source: PictureSource, capture: cv2.VideoCapture, options: VideoReadOptions
) -> Generator[VideoFrame | ImageError, None, None]:
    """Yield the frames of a stream or camera, and reconnect when it drops.

    Differs: Darknet's demo ends when a stream drops.
    """
    number = attempts = 0
    while True:
        fps = _fps(capture)
        try:
            while (image := _read_frame(capture)) is not None:
                number, attempts = number + 1, 0
                yield VideoFrame(image, number, fps)
        finally:
            capture.release()
        reopened = None
        while reopened is None and attempts < options.reconnects:
            reopened, attempts = _reopen(source, options, attempts), attempts + 1
        if reopened is None:
            break
        capture = reopened
    if options.reconnects or not number:
        yield ImageError(f"the {source.kind.value} has ended", where=source.name)


def _reopen(
    source: PictureSource, options: VideoReadOptions, attempts: int
) -> cv2.VideoCapture | None:
    """Open a live source again, after a wait that doubles with each attempt; None if it fails."""
    options.report(
        f"note: {source.name}: the {source.kind.value} dropped; connecting again"
        f" ({attempts + 1} of {options.reconnects})"
    )
    time.sleep(min(_FIRST_WAIT * 2**attempts, _LONGEST_WAIT))
    try:
        return _open(source, options)
    except ImageError:
        return None
