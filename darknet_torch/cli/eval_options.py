"""The options of `dtorch eval`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from darknet_torch.cli.darknet.flags import DarknetFlags, darknet_flags
from darknet_torch.cli.data_options import data_set_options
from darknet_torch.cli.evaluation_report import EvaluationPageOptions
from darknet_torch.cli.model_words import DataWordsOptions, ModelWordsOptions
from darknet_torch.cli.options import (
    all_options,
    comparable_run_options,
    network_options,
    output_options,
    overlap_options,
    threshold_option,
)
from darknet_torch.cli.parameter_types import FRACTION, OUTPUT_FOLDER, PATH, WholeRange
from darknet_torch.cli.report_options import page_options

_FORMATS = ("coco", "voc", "txt")
_MOST_POINTS = 10**6  # recalls; each takes memory for each class


@dataclass(frozen=True, kw_only=True)
class EvalOptions(EvaluationPageOptions, ModelWordsOptions, DataWordsOptions, DarknetFlags):
    """The options of `dtorch eval` and of `detector map|valid|recall`.

    Attributes:
        threshold: precision, recall and IoU count detections above this score, 0-1.
        min_score: average precision counts detections above this score, 0-1.
        ious: overlaps that make a detection right, 0-1.
        points: recalls at which Darknet's map takes precision; 0 for the area.
        sweep: scores to compare in place of `min_score`.
        results: a results file to evaluate instead of a network.
        export: the folder to write the detections to.
    """

    threshold: float
    min_score: float
    ious: tuple[float, ...]
    points: int
    sweep: tuple[float, ...]
    results: str | None
    export: str | None
    export_formats: tuple[str, ...]


def _parse_scores(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[float, ...]:
    """Parse scores with commas between them."""
    try:
        scores = tuple(float(part) for part in value.split(",")) if value else ()
    except ValueError:
        scores = (-1.0,)
    if not all(0 <= score <= 1 for score in scores):
        raise click.BadParameter(f"{value!r} is not a list of scores, such as 0.01,0.001")
    return scores


def _check_points(context: click.Context, parameter: click.Parameter, value: int) -> int:
    """Refuse 1 point, which cannot be both the first and the last."""
    if value == 1:
        raise click.BadParameter("1 point is not enough: expected 0 (the area), 11 or 101")
    return value


eval_options = all_options(
    click.argument("source", nargs=-1, type=PATH, metavar="[WEIGHTS] [CFG] [DATA]"),
    network_options,
    data_set_options,
    threshold_option("Precision, recall and IoU count detections above this score."),
    click.option(
        "--min-score",
        type=FRACTION,
        default=0.005,
        show_default=True,
        help="Average precision counts detections above this score.",
    ),
    click.option(
        "--iou",
        "-iou_thresh",
        "ious",
        type=FRACTION,
        multiple=True,
        default=(0.5,),
        show_default=True,
        help="Overlap that makes a detection right; may be given several times.",
    ),
    click.option(
        "--points",
        "-points",
        type=WholeRange(0, _MOST_POINTS),
        callback=_check_points,
        default=0,
        show_default=True,
        help="Recalls at which Darknet's map takes precision: 11, 101, or 0 for the area.",
    ),
    overlap_options,
    click.option(
        "--sweep",
        metavar="S,S,...",
        callback=_parse_scores,
        help="Also compare these scores in place of --min-score.",
    ),
    click.option(
        "--results",
        type=PATH,
        metavar="PATH",
        help="Evaluate this results file; no network runs.",
    ),
    click.option(
        "--export", type=OUTPUT_FOLDER, metavar="DIR", help="Write the detections to this folder."
    ),
    click.option(
        "--export-format",
        "export_formats",
        type=click.Choice(_FORMATS),
        multiple=True,
        default=_FORMATS,
        help="The format of --export; may be given several times.",
    ),
    page_options,
    comparable_run_options,
    output_options,
    darknet_flags,
)
