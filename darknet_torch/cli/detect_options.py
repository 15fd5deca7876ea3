"""The options of commands that detect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click

from darknet_torch.cli.darknet.flags import DetectionFlags, detection_flags
from darknet_torch.cli.data_options import names_options
from darknet_torch.cli.detection_report import DetectionPageOptions
from darknet_torch.cli.drawing_options import (
    DrawingOptions,
    drawing_options,
    hide_scores_option,
)
from darknet_torch.cli.model_words import PictureModelOptions
from darknet_torch.cli.options import (
    OverlapOptions,
    all_options,
    network_options,
    output_options_for,
    overlap_options,
    run_options,
    threshold_option,
)
from darknet_torch.cli.parameter_types import NOT_NEGATIVE, OUTPUT_FOLDER
from darknet_torch.cli.report_options import page_options
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from darknet_torch.text import is_folder

_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")
_MOST_NUMBERS = 100_000  # in a range: more than any network has classes
_FORMATS = ("text", "json", "jsonl", "csv", "coco", "txt")


@dataclass(frozen=True, kw_only=True)
class DetectOptions(
    DetectionPageOptions, PictureModelOptions, OverlapOptions, DrawingOptions, DetectionFlags
):
    """The options of `dtorch detect` and of `detector test|demo`.

    Attributes:
        only: names or numbers of the classes to look for; None for all.
        skipped: names or numbers of the classes to leave out; None for none.
        save: the folder of annotated pictures and videos.
        crops: the folder of cut-out detections.
        label_scores: append scores to the lines of --format txt.
    """

    only: list[str] | None
    skipped: list[str] | None
    max_detections: int | None
    reconnects: int
    save: str | None
    crops: str | None
    label_scores: bool


def _split_words(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> list[str] | None:
    """Parse a list of names or numbers with commas between them."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise click.BadParameter("no names or numbers")
    return words


def _split_words_and_ranges(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> list[str] | None:
    """Parse a list such as 2,5-8,cat; a range is the numbers that it stands for.

    Source: darknet_cfg_and_state.cpp parse_skip_classes (hank-ai).
    """
    found = []
    for word in _split_words(context, parameter, text) or ():
        ends = _RANGE.fullmatch(word)
        numbers = range(int(ends[1]), int(ends[2]) + 1) if ends else ()
        if ends and not 0 < len(numbers) <= _MOST_NUMBERS:
            raise click.BadParameter(f"{word!r} is not a range of classes, such as 5-8")
        found += [str(number) for number in numbers] or [word]
    return found or None


def _refuse_media_name(
    context: click.Context, parameter: click.Parameter, folder: str | None
) -> str | None:
    """Refuse the name of a picture or a video for a new folder."""
    path, option = Path(folder or ""), parameter.opts[0]
    suffix = path.suffix.lower()
    is_video = suffix in VIDEO_SUFFIXES
    if not (is_video or suffix in PICTURE_SUFFIXES) or is_folder(path):
        return folder
    raise UsageError(
        f"{option} takes a folder, not the name of a {'video' if is_video else 'picture'}",
        where=folder,
        expected=f"a folder, such as {option} {path.parent if path.parent.name else path.stem}",
        fix=f"to write one video: -out_filename {folder}"
        if is_video and option == "--save"
        else "the files in it have the names of the pictures",
    )


detect_options = all_options(
    network_options,
    names_options,
    threshold_option("Scores at or below are dropped."),
    overlap_options,
    click.option(
        "--classes",
        "only",
        metavar="A,B,...",
        callback=_split_words,
        help="Names or numbers of the classes to look for.",
    ),
    click.option(
        "--skip-classes",
        "skipped",
        metavar="A,B,...",
        callback=_split_words_and_ranges,
        help="Names, numbers or ranges of numbers, such as 2,5-8, of the classes to leave out.",
    ),
    click.option(
        "--max-detections", type=NOT_NEGATIVE, help="Keep the best detections of each picture."
    ),
    run_options,
    click.option(
        "--reconnects",
        type=NOT_NEGATIVE,
        default=5,
        show_default=True,
        help="How many times in a row to reconnect to a stream.",
    ),
    output_options_for(*_FORMATS, into_folder=True),
    click.option(
        "--label-scores",
        is_flag=True,
        help="With --format txt, append the score to each line; not for training.",
    ),
    click.option(
        "--save",
        type=OUTPUT_FOLDER,
        callback=_refuse_media_name,
        help="Write annotated pictures and videos to this folder.",
    ),
    drawing_options,
    hide_scores_option,
    click.option(
        "--crops",
        type=OUTPUT_FOLDER,
        callback=_refuse_media_name,
        help="Write each detection's part of its picture to a folder per class in this one.",
    ),
    page_options,
    click.option("--show", is_flag=True, help="Show results in a window; q quits."),
    detection_flags,
)
