"""`dtorch detector test|demo`: `dtorch detect` in Darknet's spelling."""

from __future__ import annotations

from typing import Any

from darknet_torch.cli.darknet.flags import darknet_style, take_detection_flags
from darknet_torch.cli.detect import detect
from darknet_torch.cli.detection_run import search
from darknet_torch.cli.path_prompt import asked_pictures
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import Kind, PictureSource, find_sources


@darknet_style(detect)
def test(source: tuple[str, ...], **arguments: Any) -> None:
    """Find objects in pictures, with the names of DATA.

    Without a SOURCE it asks for pictures on standard input, one by one, until that ends. The
    last annotated picture is predictions.jpg in the working folder.

    Source: detector.c test_detector. Differs: no window opens without --show; the lines
    always have the boxes' places; a picture that cannot be read does not end it.
    """
    arguments = take_detection_flags(arguments)
    arguments["predictions"] = True
    if arguments.pop("camera") is not None:
        raise UsageError("-c is for cameras", fix="use dtorch detector demo")
    if source:
        search(arguments, find_sources(source))
    else:
        search(arguments, [], asked_pictures())


@darknet_style(detect)
def demo(source: tuple[str, ...], **arguments: Any) -> None:
    """Find objects in a video, a stream, or the camera that -c numbers (0).

    Source: demo.c demo. Differs: each frame is searched by itself, where pjreddie's code takes
    the mean of three outputs; no window opens without --show; no frame is left out at the
    start; a frame that cannot be decoded does not end it; a stream that drops is connected
    again.
    """
    arguments = take_detection_flags(arguments)
    arguments["predictions"] = False
    camera = arguments.pop("camera") or 0
    search(arguments, [_moving(one) for one in find_sources(source or [str(camera)])])


def _moving(source: PictureSource) -> PictureSource:
    """Whatever the suffix, it is to be played."""
    return source if source.moving else PictureSource(source.name, Kind.VIDEO)
