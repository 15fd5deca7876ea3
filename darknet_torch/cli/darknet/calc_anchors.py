"""`dtorch detector calc_anchors`: `dtorch kmeans` with Darknet's command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from darknet_torch.cli.anchor_search import (
    AnchorSearchOptions,
    AnchorTarget,
    find_anchors,
    measure_boxes,
)
from darknet_torch.cli.darknet.command import DarknetCommand
from darknet_torch.cli.darknet.flags import accept_every_flag, general_flags
from darknet_torch.cli.data_options import DataSetOptions
from darknet_torch.cli.dataset_loading import open_data
from darknet_torch.cli.options import (
    ReportingOptions,
    parsed_into,
    reading_options,
)
from darknet_torch.cli.parameter_types import PATH, POSITIVE
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cli.terminal import echo
from darknet_torch.files import write_bytes, write_text

_ANCHORS, _COUNTERS, _CLOUD = "anchors.txt", "counters_per_class.txt", "cloud.png"


@dataclass(frozen=True, kw_only=True)
class CalcAnchorsOptions:
    """The options of `detector calc_anchors`; `count` is -num_of_clusters."""

    data: str
    count: int
    width: int
    height: int
    show: bool
    exif: bool
    log: str | None


@accept_every_flag
@click.command(cls=DarknetCommand)
@click.argument("data", type=PATH)
@click.option(
    "-num_of_clusters",
    "count",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Anchors to find.",
)
@click.option(
    "-width", type=POSITIVE, required=True, help="Width of the network's input, in pixels."
)
@click.option(
    "-height", type=POSITIVE, required=True, help="Height of the network's input, in pixels."
)
@click.option("-show", is_flag=True, help=f"Draw boxes and anchors to {_CLOUD}.")
@reading_options
@click.option("-dont_show", is_flag=True, hidden=True, expose_value=False)
@general_flags
@parsed_into(CalcAnchorsOptions)
def calc_anchors(options: CalcAnchorsOptions) -> None:
    """Find anchors for the boxes of DATA; write them to anchors.txt.

    The classes' numbers of boxes go to counters_per_class.txt. See `dtorch kmeans` for more.

    Source: detector.c calc_anchors (AlexeyAB). Differs: another seed and better centres, as
    `dtorch kmeans`; wrong labels, which C names too, do not count; no window is opened.
    """
    from darknet_torch.anchors.dataset import count_boxes_per_class
    from darknet_torch.anchors.formatting import anchors_are_pixels, format_anchors_padded

    count, width, height = options.count, options.width, options.height
    echo(f"\n num_of_clusters = {count}, width = {width}, height = {height} ")
    with report_warnings(ReportingOptions()):
        data_set = open_data(DataSetOptions(data=options.data, exif=options.exif))
        measured = measure_boxes(data_set, AnchorTarget(count, height, width, letterbox=False))
    echo(f" read labels from {len(data_set.examples)} images ")
    echo(f" loaded \t image: {len(data_set.examples)} \t box: {measured.boxes.box_count}")
    (found,) = find_anchors(AnchorSearchOptions(), measured, [count])
    counters = ", ".join(map(str, count_boxes_per_class(data_set)))
    _write_line(_COUNTERS, f"counters_per_class = {counters}")
    echo(f"\ncounters_per_class = {counters}")
    echo(f"\n avg IoU = {100 * found.fit.average_iou:2.2f} % ")
    anchors = format_anchors_padded(found.anchors, as_integers=anchors_are_pixels(width))
    _write_line(_ANCHORS, anchors)
    echo(f"\nSaving anchors to the file: {_ANCHORS} \nanchors = {anchors}")
    if options.show:
        from darknet_torch.anchors.plotting import AnchorPlot

        write_bytes(Path(_CLOUD), AnchorPlot(Path(_CLOUD)).scatter(measured.boxes, found))


def _write_line(name: str, text: str) -> None:
    """Write a file into the working folder, without a line end, as C does."""
    write_text(Path(name), text)
