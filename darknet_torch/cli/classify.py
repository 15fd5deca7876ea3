"""`dtorch classify`: classify pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from darknet_torch.cfg.data_file import read_data_file
from darknet_torch.cli.batch_choice import choose_batch_size, pictures_at_once
from darknet_torch.cli.darknet.flags import (
    DarknetFlags,
    apply_darknet_flags,
    darknet_flags,
)
from darknet_torch.cli.data_options import names_options
from darknet_torch.cli.engine_loading import (
    backend_of,
    expected_pictures,
    load_for_pictures,
)
from darknet_torch.cli.garbage_collection import objects_stay
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.model_loading import (
    RunModelOptions,
    complete_model,
    find_given_names,
    find_names,
)
from darknet_torch.cli.model_words import (
    PictureModelOptions,
    model_seed,
    refuse_pictures_only,
    take_model_words,
)
from darknet_torch.cli.options import (
    network_options,
    output_options,
    parsed_into,
    picture_options,
    run_options,
)
from darknet_torch.cli.parameter_types import PATH, POSITIVE
from darknet_torch.cli.path_prompt import prompt_for_pictures
from darknet_torch.cli.result_formats import create_format
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.source_run import ReadingSettings, Sinks, SourceRun, Steps
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import PictureSource, find_sources

_DEFAULT_TOP = 5  # as `darknet classify`


@dataclass(frozen=True, kw_only=True)
class ClassifyOptions(RunModelOptions, PictureModelOptions, DarknetFlags):
    """The options of `dtorch classify` and of `classifier predict`."""

    labels: str | None
    top: int | None


@click.command()
@click.argument("source", nargs=-1, required=True, type=PATH)
@network_options
@names_options
@click.option(
    "--labels", type=PATH, metavar="FILE", help="Labels of the classes, if there are no names."
)
@click.option(
    "--top", "-t", type=POSITIVE, help="How many classes to print [default: top= of --data, 5]."
)
@picture_options
@run_options
@output_options
@darknet_flags
@parsed_into(ClassifyOptions)
def classify(options: ClassifyOptions) -> None:
    """Classify pictures.

    SOURCE is any number of pictures, folders, globs, .txt lists and URLs; - reads paths from
    standard input. A cfg, weights or names may stand among them; what is missing is found by
    name. Darknet's own command line `classify X.cfg X.weights picture` works too.

    Exit status: 0 all done, 1 some pictures failed, 2 wrong usage or an unusable model.
    """
    options, darknet_style = take_model_words(apply_darknet_flags(options))
    refuse_pictures_only(options)
    if not options.source and not darknet_style:
        raise UsageError("no pictures", expected="SOURCE", got="a model only")
    options = complete_model(options, model_seed(options))
    if darknet_style and not options.source:
        run_classification(options, prompt_for_pictures())
    else:
        run_classification(options, [find_sources(options.source, videos=False)])


def run_classification(
    options: ClassifyOptions,
    groups: Iterable[Sequence[PictureSource]],
    *,
    default_top: int = _DEFAULT_TOP,
) -> None:
    """Classify the pictures of all groups, and print or write the results.

    Args:
        options: with Darknet's flags already applied.
        groups: see `SourceRun.run`.
        default_top: how many classes to print, unless --top or the .data file say.
    """
    with objects_stay():
        from darknet_torch.inference.classifier import Classifier
        from darknet_torch.inference.description import describe

        given = find_given_names(options, options.names or _find_labels(options), options.data)
        model = load_for_pictures(options, expected_pictures(groups))
        classes = describe(model.network).classes
    classifier = Classifier(
        model.network,
        names=find_names(options, classes, given, model),
        top=options.top or _read_top(options.data, default_top),
        letterbox=options.letterbox,
        backend=backend_of(options),
        precision=options.precision,
        optimize=options.optimize,
        keep_weights=False,
        exif=options.exif,
    )
    batch = choose_batch_size(options, classifier, pictures_at_once(groups))
    result_format = create_format(options.output_format, options.out, classifier.classes)
    steps = Steps(
        lambda frames: classifier.prepare_inputs([frame.image for frame in frames]),
        classifier.predict_inputs,
        lambda frames, output: classifier.rank_classes(
            output, [frame.filename for frame in frames]
        ),
    )
    SourceRun(
        steps,
        Sinks([ResultOutput(result_format, options.out)]),
        ReadingSettings(
            batch=batch, workers=options.workers, exif=options.exif, quiet=options.quiet
        ),
    ).run(groups)


def _find_labels(options: ClassifyOptions) -> str | None:
    """Return --labels, or the names or labels of a .data file; None for other data sets."""
    file = _find_data_file(options.data)
    if options.labels or file is None:
        return options.labels
    found = read_data_file(file)
    named = found.get("names") or found.get("labels")
    if named is None:
        raise UsageError("has no names= or labels=", where=file, expected="names=FILE")
    path = named.path()
    protect_inputs([path])
    return str(path)


def _read_top(data: str | None, default: int) -> int:
    """Return top= of the .data file. Source: classifier.c predict_classifier."""
    file = _find_data_file(data)
    top = read_data_file(file).get("top") if file else None
    return default if top is None or top.number is None else max(1, top.number)


def _find_data_file(data: str | None) -> Path | None:
    from darknet_torch.datasets.opening import data_file

    return data_file(data) if data else None
