"""`dtorch detect`: pictures and videos in, detections out."""

from __future__ import annotations

from typing import Any

import click

from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.cli.darknet.flags import detection_flags, model_first, take_detection_flags
from darknet_torch.cli.detection_run import search
from darknet_torch.cli.options import (
    detection_options,
    names_options,
    network_options,
    output_options_of,
    run_options,
)
from darknet_torch.cli.path_prompt import asked_pictures
from darknet_torch.cli.value_completion import PATH
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import find_sources

_FORMS = ("text", "json", "jsonl", "csv", "coco", "txt")


def _words(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """A list of names, between commas."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise click.BadParameter("no names or numbers")
    return words


@click.command(short_help="Find objects in pictures and videos.")
@click.argument("source", nargs=-1, type=PATH)
@network_options
@names_options
@detection_options
@click.option(
    "--classes", "only", metavar="A,B,...", callback=_words, help="Names or numbers to look for."
)
@click.option(
    "--max-detections", type=click.IntRange(min=0), help="Keep the most certain of a picture."
)
@run_options
@click.option(
    "--reconnects",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="How often in a row to connect to a stream again.",
)
@output_options_of(*_FORMS, into_folder=True)
@click.option(
    "--save", type=click.Path(file_okay=False), help="Write annotated pictures and videos here."
)
@click.option("--show", is_flag=True, help="Show them in a window; q ends.")
@detection_flags
def detect(source: tuple[str, ...], **arguments: Any) -> None:
    """Find objects in pictures and videos.

    SOURCE is any number of pictures, videos, folders, globs, .txt lists, URLs of streams and
    numbers of cameras; - reads paths from standard input. Without any and without --cfg the
    bundled toy model runs on the bundled sample. Darknet's own spelling
    `detect X.cfg X.weights picture` works too; without a picture it asks for them.

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or an unusable model.
    """
    source, arguments, darknets = model_first(source, take_detection_flags(arguments))
    arguments["predictions"] = darknets
    camera = arguments.pop("camera")
    if camera is not None and not source:
        source = (str(camera),)
    if arguments["cfg"] is None:
        if source:
            raise UsageError(
                "no network", expected="--cfg CFG --weights FILE", got="pictures only"
            )
        arguments["cfg"] = str(sample_folder() / "toy-shapes.cfg")
        source = (str(sample_folder() / "shapes.png"),)
    if source:
        search(arguments, find_sources(source))
    elif darknets:
        search(arguments, [], asked_pictures())
    else:
        raise UsageError("nothing to search", expected="SOURCE", got="options only")
