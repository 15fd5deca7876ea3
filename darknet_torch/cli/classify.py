"""`dtorch classify`: pictures in, classes out."""

from __future__ import annotations

from typing import Any

import click

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.cli.loading import find_names, from_command, load_to_device
from darknet_torch.cli.options import (
    names_options,
    network_options,
    output_options,
    picture_options,
    run_options,
)
from darknet_torch.cli.pictures import Run
from darknet_torch.errors import UsageError
from darknet_torch.sources import find_pictures

_DEFAULT_TOP = 5


@click.command(short_help="Say what pictures show.")
@click.argument("source", nargs=-1, required=True)
@network_options
@names_options
@click.option("--labels", metavar="FILE", help="Labels of the classes, if there are no names.")
@click.option("--top", type=click.IntRange(min=1), help="How many classes [default: .data's, 5].")
@picture_options
@run_options
@output_options
def classify(source: tuple[str, ...], **arguments: Any) -> None:
    """Say what pictures show.

    SOURCE is any number of pictures, folders, globs and .txt lists.

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or an unusable model.
    """
    if arguments["cfg"] is None:
        raise UsageError("no network", expected="--cfg CFG --weights FILE", got="pictures only")
    pictures = find_pictures(source)
    from darknet_torch.classify import Classifier

    arguments["names"] = arguments["names"] or _labels(arguments)
    options = from_command(arguments)
    network = load_to_device(options, arguments)
    classifier = Classifier(
        network,
        names=find_names(options, network.output_layer.output_shape.count),
        top=arguments["top"] or _top(arguments["data"]),
        letterbox=arguments["letterbox"],
        backend=arguments["backend"],
        exif=arguments["exif"],
    )
    Run(classifier.classify_images, arguments)(pictures)


def _labels(arguments: dict[str, Any]) -> str | None:
    """--labels, or those of the .data file where it has no names."""
    labels: str | None = arguments["labels"]
    data = arguments["data"]
    if labels or not data:
        return labels
    found = read_data_file(data)
    named = found.get("names") or found.get("labels")
    if named is None:
        raise UsageError("has no names= or labels=", where=data, expected="names=FILE")
    return str(resolve(data, named))


def _top(data: str | None) -> int:
    """Source: classifier.c predict_classifier, its option top."""
    text = read_data_file(data).get("top", "") if data else ""
    return max(1, int(text)) if text.isdecimal() else _DEFAULT_TOP
