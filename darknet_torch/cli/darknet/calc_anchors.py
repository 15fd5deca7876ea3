"""`dtorch detector calc_anchors`: `dtorch kmeans` in Darknet's spelling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from darknet_torch.cli.anchor_search import KMEANS_DEFAULTS, Setting, find_anchors, measure_boxes
from darknet_torch.cli.dataset_loading import open_data
from darknet_torch.cli.model_loading import Reporting, reported
from darknet_torch.cli.value_completion import PATH
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.files import write_bytes, write_text

_ANCHORS, _COUNTERS, _CLOUD = "anchors.txt", "counters_per_class.txt", "cloud.png"
_SIDE = click.IntRange(min=1)


@click.command(short_help="Find anchors for a data set.")
@click.argument("data", type=PATH)
@click.option("-num_of_clusters", "count", type=click.IntRange(1, 1000), default=5)
@click.option("-width", type=_SIDE, required=True)
@click.option("-height", type=_SIDE, required=True)
@click.option("-show", is_flag=True, help=f"Draw boxes and anchors to {_CLOUD}.")
@click.option("-dont_show", is_flag=True, hidden=True)
def calc_anchors(
    data: str, count: int, width: int, height: int, show: bool, dont_show: bool
) -> None:
    """Find anchors for the boxes of DATA; write them to anchors.txt.

    The classes' numbers of boxes go to counters_per_class.txt. See `dtorch kmeans` for more.

    Source: detector.c calc_anchors (AlexeyAB). Differs: another seed and better centres, as
    `dtorch kmeans`; boxes without a size do not count; no window is opened.
    """
    from darknet_torch.anchors.dataset import class_counts
    from darknet_torch.anchors.text import padded_form, written_whole

    click.echo(f"\n num_of_clusters = {count}, width = {width}, height = {height} ")
    source: dict[str, Any] = {"data": data, "images": None, "split": None, "names": None}
    source["voc_origin"] = VOC_ORIGIN
    report = Reporting(strict=False, quiet=False, verbose=False)
    with reported(report):
        data_set = open_data({**source, "cfg": None})
        measured = measure_boxes(data_set, Setting(count, height, width, letterbox=False))
    click.echo(f" read labels from {len(data_set.examples)} images ")
    click.echo(f" loaded \t image: {len(data_set.examples)} \t box: {measured.boxes.boxes}")
    (found,) = find_anchors(KMEANS_DEFAULTS, measured, [count])
    counters = ", ".join(map(str, class_counts(data_set)))
    _save(_COUNTERS, f"counters_per_class = {counters}")
    click.echo(f"\ncounters_per_class = {counters}")
    click.echo(f"\n avg IoU = {100 * found.fit.average_iou:2.2f} % ")
    anchors = padded_form(found.anchors, whole=written_whole(width))
    _save(_ANCHORS, anchors)
    click.echo(f"\nSaving anchors to the file: {_ANCHORS} \nanchors = {anchors}")
    if show:
        from darknet_torch.anchors.plotting import Plot

        write_bytes(Path(_CLOUD), Plot(Path(_CLOUD)).scatter(measured.boxes, found))


def _save(name: str, text: str) -> None:
    """Into the working folder, without a line's end, as C writes it."""
    write_text(Path(name), text)
