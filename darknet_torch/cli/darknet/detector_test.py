"""`dtorch detector test|demo`: `dtorch detect` with Darknet's command line."""

from __future__ import annotations

from darknet_torch.cli.darknet.flags import apply_detection_flags, darknet_style
from darknet_torch.cli.detect import detect
from darknet_torch.cli.detect_options import DetectOptions
from darknet_torch.cli.detection_run import run_detection
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.path_prompt import prompt_for_pictures
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import find_sources


@darknet_style(detect)
@parsed_into(DetectOptions)
def test(options: DetectOptions) -> None:
    """Find objects in pictures, with the names of DATA.

    Without a SOURCE it asks for pictures on standard input, one by one, until that ends. The
    last annotated picture is predictions.jpg in the working folder.

    Source: detector.c test_detector. Differs: no window opens without --show; the lines
    always have the boxes' places; a picture that cannot be read does not end it.
    """
    options = apply_detection_flags(options)
    if options.camera is not None:
        raise UsageError("-c is for cameras", fix="use dtorch detector demo")
    if options.source:
        run_detection(options, find_sources(options.source), draw_predictions=True)
    else:
        run_detection(options, [], prompt_for_pictures(), draw_predictions=True)


@darknet_style(detect)
@parsed_into(DetectOptions)
def demo(options: DetectOptions) -> None:
    """Find objects in a video, a stream, or the camera that -c numbers (0).

    Source: demo.c demo. Differs: each frame is processed by itself, where pjreddie's code takes
    the mean of three outputs; no window opens without --show; no frame is left out at the
    start; a frame that cannot be decoded does not end it; a stream that drops is connected
    again.
    """
    options = apply_detection_flags(options)
    sources = find_sources(options.source or [str(options.camera or 0)])
    run_detection(options, [source.as_video() for source in sources])
