"""`dtorch classify`: pictures in, classes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.cli.darknet.flags import darknet_flags, model_first, take_darknet_flags
from darknet_torch.cli.model_loading import find_names, from_command, load_to_device
from darknet_torch.cli.options import (
    names_options,
    network_options,
    output_options,
    picture_options,
    run_options,
)
from darknet_torch.cli.path_prompt import asked_pictures
from darknet_torch.cli.result_output import Output, find_form
from darknet_torch.cli.source_run import Run, Sinks
from darknet_torch.cli.value_completion import PATH
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import PictureSource, find_sources

_DEFAULT_TOP = 5  # as `darknet classify`


@click.command(short_help="Say what pictures show.")
@click.argument("source", nargs=-1, required=True, type=PATH)
@network_options
@names_options
@click.option(
    "--labels", type=PATH, metavar="FILE", help="Labels of the classes, if there are no names."
)
@click.option(
    "--top", "-t", type=click.IntRange(min=1), help="How many classes [default: .data's, 5]."
)
@picture_options
@run_options
@output_options
@darknet_flags
def classify(source: tuple[str, ...], **arguments: Any) -> None:
    """Say what pictures show.

    SOURCE is any number of pictures, folders, globs and .txt lists; - reads paths from
    standard input. Darknet's own spelling `classify X.cfg X.weights picture` works too.

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or an unusable model.
    """
    source, arguments, darknets = model_first(source, take_darknet_flags(arguments))
    if arguments["cfg"] is None:
        raise UsageError("no network", expected="--cfg CFG --weights FILE", got="pictures only")
    if darknets and not source:
        classify_all(arguments, asked_pictures())
    else:
        classify_all(arguments, [find_sources(source, videos=False)])


def classify_all(
    arguments: dict[str, Any],
    groups: Iterable[Sequence[PictureSource]],
    *,
    top: int = _DEFAULT_TOP,
) -> None:
    """Classify the pictures of all groups.

    Args:
        arguments: the keyword arguments of `dtorch classify`.
        groups: see `Run`.
        top: how many classes to give, unless --top or the .data file say.
    """
    from darknet_torch.inference.classifier import Classifier

    arguments["names"] = arguments["names"] or _labels(arguments)
    options = from_command(arguments)
    network = load_to_device(options, arguments)
    classifier = Classifier(
        network,
        names=find_names(options, network.output_layer.output_shape.count),
        top=arguments["top"] or _top(arguments["data"], top),
        letterbox=arguments["letterbox"],
        backend=arguments["backend"],
        exif=arguments["exif"],
    )
    form = find_form(arguments["form"], arguments["out"], classifier.classes)
    Run(
        lambda shots: classifier.classify_images(
            [shot.image for shot in shots], [shot.filename for shot in shots]
        ),
        Sinks([Output(form, arguments["out"])]),
        arguments,
    )(groups)


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


def _top(data: str | None, default: int) -> int:
    """Source: classifier.c predict_classifier, its option top."""
    text = read_data_file(data).get("top", "") if data else ""
    return max(1, int(text)) if text.isdecimal() else default
