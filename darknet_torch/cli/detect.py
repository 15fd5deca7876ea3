"""`dtorch detect`: find objects in pictures and videos."""

from __future__ import annotations

from dataclasses import replace

import click

from darknet_torch.cfg.zoo import BUNDLED_MODEL, BUNDLED_PICTURE, sample_folder
from darknet_torch.cli.darknet.flags import apply_detection_flags
from darknet_torch.cli.detect_options import DetectOptions, detect_options
from darknet_torch.cli.detection_run import run_detection
from darknet_torch.cli.model_loading import complete_model
from darknet_torch.cli.model_words import model_seed, refuse_pictures_only, take_model_words
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.parameter_types import PATH
from darknet_torch.cli.path_prompt import prompt_for_pictures
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import find_sources


@click.command()
@click.argument("source", nargs=-1, type=PATH)
@detect_options
@parsed_into(DetectOptions)
def detect(options: DetectOptions) -> None:
    """Find objects in pictures and videos.

    SOURCE is any number of pictures, videos, folders, globs, .txt lists, URLs of pictures and
    streams, and numbers of cameras; - reads paths from standard input. A cfg, weights or names
    may stand among them, or the name of a shipped network; what is missing is found by name.
    Without any word and without --cfg the bundled model runs on the bundled picture.
    Darknet's own command line `detect X.cfg X.weights picture` works too; without a picture it
    asks for them.

    \b
    dtorch detect yolov4-tiny.weights dog.jpg
    dtorch detect runs/custom/custom_best.weights photos

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or an unusable model.
    """
    options, darknet_style = take_model_words(apply_detection_flags(options))
    source = options.source
    if options.camera is not None and not source:
        source = (str(options.camera),)
    if not (source or options.cfg or options.weights):
        options = replace(options, cfg=str(sample_folder() / f"{BUNDLED_MODEL}.cfg"))
        source = (str(sample_folder() / BUNDLED_PICTURE),)
    refuse_pictures_only(options)
    if not source and not darknet_style:
        raise UsageError(
            "no pictures or videos",
            expected="SOURCE: pictures, videos, folders, lists, or - for paths on standard input",
            got="a model alone",
        )
    options = complete_model(options, model_seed(options))
    if source:
        run_detection(options, find_sources(source), draw_predictions=darknet_style)
    else:
        run_detection(options, [], prompt_for_pictures(), draw_predictions=True)
