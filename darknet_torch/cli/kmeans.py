"""`dtorch kmeans`: anchors for a data set."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.cli.anchor_search import (
    AnchorSearchOptions,
    AnchorTarget,
    anchor_search_options,
    find_anchors,
    measure_boxes,
)
from darknet_torch.cli.data_options import DataSetOptions, data_set_options
from darknet_torch.cli.dataset_loading import open_data
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.model_words import DataWordsOptions, take_data_words
from darknet_torch.cli.options import (
    OutputOptions,
    dialect_option,
    letterbox_option,
    output_options,
    parsed_into,
    reading_options,
    strict_option,
)
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH, POSITIVE
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cli.result_output import print_or_write
from darknet_torch.cli.value_completion import complete_cfg
from darknet_torch.errors import CfgWarning, UsageError, counted
from darknet_torch.files import write_bytes
from darknet_torch.text import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darknet_torch.anchors.dataset import MeasuredBoxes
    from darknet_torch.anchors.sweep import SweepPoint
    from darknet_torch.cfg.net import NetOptions
    from darknet_torch.datasets.examples import DataSet


class _AnchorCounts(click.ParamType[range]):
    """A range of numbers of anchors, such as 3:15."""

    name = "A:B"

    def convert(self, value: Any, param: Any, ctx: Any) -> range:
        if isinstance(value, range):
            return value
        first, colon, last = value.partition(":")
        low, high = whole_number(first), whole_number(last)
        if not (colon and low and high and low < high):
            self.fail(f"{value!r} is not a range of numbers of anchors, such as 3:15", param, ctx)
        return range(low, high + 1)


@dataclass(frozen=True, kw_only=True)
class KmeansOptions(DataSetOptions, DataWordsOptions, AnchorSearchOptions, OutputOptions):
    """The options of `dtorch kmeans`.

    Attributes:
        count: how many anchors; None for as many as the cfg has.
        sweep: the numbers of anchors to try.
        write: the cfg to put the anchors into.
    """

    dialect: str
    count: int | None
    width: int | None
    height: int | None
    letterbox: bool | None
    sweep: range | None
    plot: str | None
    write: str | None


@click.command()
@click.argument("source", nargs=-1, type=PATH, metavar="[CFG] [DATA]")
@click.option(
    "--cfg",
    type=PATH,
    metavar="CFG",
    shell_complete=complete_cfg,
    help="The network, for the number of anchors, width and height [default: the cfg of --write].",
)
@dialect_option
@click.option("-k", "--anchors", "count", type=click.IntRange(1, 1000), help="How many anchors.")
@click.option("--width", type=POSITIVE, help="Width of the network's input.")
@click.option("--height", type=POSITIVE, help="Height of the network's input.")
@letterbox_option
@data_set_options
@reading_options
@anchor_search_options
@click.option("--sweep", type=_AnchorCounts(), help="Try every number of anchors from A to B.")
@click.option(
    "--plot",
    type=OUTPUT_FILE,
    help="Draw boxes and anchors, or the sweep, to this .png, .svg or .pdf.",
)
@click.option(
    "--write",
    type=PATH,
    metavar="CFG",
    help="Put the anchors into this cfg: anchors, num, mask, and the filters before the heads. "
    "The old one is kept as CFG.bak.",
)
@strict_option
@output_options
@parsed_into(KmeansOptions)
def kmeans(options: KmeansOptions) -> None:
    """Find anchors for the boxes of a data set, by k-means with 1 - IoU as distance.

    Prints the average IoU as Darknet's calc_anchors does, the fraction of the boxes that
    an anchor overlaps by half or more, and the anchors as a cfg has them. CFG and DATA may be
    given without their options, in any order.

    \b
    dtorch kmeans custom.cfg photos
    dtorch kmeans --data obj.data -k 9 --width 416 --height 416
    dtorch kmeans --cfg custom.cfg --data obj.data --write custom.cfg
    """
    options = take_data_words(options)
    if options.sweep and (options.write or options.count):
        given = "--write" if options.write else "-k"
        raise UsageError(
            "--sweep tries many numbers of anchors",
            expected=f"--sweep or {given}, not both",
            got=f"--sweep and {given}",
            fix="run --sweep first, then choose a number with -k",
        )
    from darknet_torch.anchors.plotting import AnchorPlot

    options = replace(options, cfg=options.cfg or options.write)
    plot_path = Path(options.plot) if options.plot else None
    plot = AnchorPlot(plot_path) if plot_path else None
    with report_warnings(options):
        target = _find_target(options)
        data_set = open_data(options, options.cfg)
        measured = measure_boxes(data_set, target)
    options.print_remark(_describe(data_set, target, measured))
    counts = options.sweep or [target.count]
    points = find_anchors(options, measured, counts, quiet=options.quiet)
    if plot and plot_path:
        data = plot.elbow(points) if options.sweep else plot.scatter(measured.boxes, points[0])
        write_bytes(plot_path, data)
    _print_result(options, target, measured, points)
    if options.write:
        backup = _rewrite(Path(options.write), points[0])
        options.print_remark(
            f"rewrote {options.write}; the old one is kept as {backup}"
            if backup
            else f"{options.write} has these anchors already"
        )


def _rewrite(cfg: Path, found: SweepPoint) -> Path | None:
    """Rewrite a cfg; it was read before, so its warnings were already reported.

    Returns:
        The backup; None if the cfg had these anchors.
    """
    from darknet_torch.anchors.rewrite import rewrite_cfg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        return rewrite_cfg(cfg, found.anchors)


def _find_target(options: KmeansOptions) -> AnchorTarget:
    """Return what the options say of the network, and the rest from --cfg.

    Raises:
        UsageError: a number is given nowhere, or --write names a cfg of another size.
        CfgError: the cfg cannot be read or has no anchors.
    """
    from darknet_torch.anchors.anchor_sections import read_anchor_cfg

    dialect = DIALECTS[options.dialect]
    count, width, height = options.count, options.width, options.height
    unit, letterbox, net = Fraction(1), dialect.defaults.letterbox, None
    if options.cfg:
        cfg = find_cfg(options.cfg)
        protect_inputs([cfg])
        found = read_anchor_cfg(cfg, dialect)
        net = found.net
        unit, letterbox = found.unit, net.letter_box or dialect.defaults.letterbox
        width, height = width or net.width, height or net.height
        count = count or found.count
    if options.sweep:
        count = options.sweep[0]
    if not (count and width and height):
        missing = {"-k 9": count, "--width 416": width, "--height 416": height}
        words = " ".join(words for words, value in missing.items() if not value)
        raise UsageError("the network is not known", expected=f"--cfg CFG, or {words}")
    if options.letterbox is not None:
        letterbox = options.letterbox
    target = AnchorTarget(count, height, width, letterbox=letterbox, unit=unit)
    if options.write:
        same = options.cfg is not None and Path(options.write) == Path(options.cfg)
        if net is None or not same:
            net = read_anchor_cfg(options.write, dialect).net
        _check_size(options.write, net, target)
    return target


def _check_size(write: str, net: NetOptions, target: AnchorTarget) -> None:
    """Refuse to write anchors into a cfg of another input size, whose pixels they are not."""
    if (net.width, net.height) != (target.width, target.height):
        raise UsageError(
            "--write into a cfg of another size than the anchors are for",
            where=write,
            expected=f"width={target.width} height={target.height}",
            got=f"width={net.width} height={net.height}",
            fix="leave out --width and --height, or correct the cfg",
        )


def _describe(data_set: DataSet, target: AnchorTarget, measured: MeasuredBoxes) -> str:
    left_out = f", {measured.difficult} difficult ones left out" if measured.difficult else ""
    boxes, pictures = measured.boxes, len(data_set.examples)
    return (
        f"{data_set.origin}: {counted(pictures, 'picture')}, "
        f"{counted(boxes.box_count, 'box')} of {counted(len(boxes), 'size')}{left_out}; "
        f"input {target.width} x {target.height}, "
        f"{'letterboxed' if target.letterbox else 'stretched'}"
    )


def _print_result(
    options: KmeansOptions,
    target: AnchorTarget,
    measured: MeasuredBoxes,
    points: Sequence[SweepPoint],
) -> None:
    if options.output_format == "json":
        text = json.dumps(_to_dict(options, target, measured, points), indent=1)
    elif options.sweep:
        text = "\n".join(_table(target, points))
    else:
        text = "\n".join(_lines(target, points[0]))
    print_or_write(text, options.out)


def _lines(target: AnchorTarget, found: SweepPoint) -> list[str]:
    """Source: detector.c calc_anchors (AlexeyAB), the first and the last line."""
    from darknet_torch.anchors.quality import RECALL_AT

    return [
        f"avg IoU = {100 * found.fit.average_iou:2.2f} %",
        f"recall at IoU {RECALL_AT:.2f} = {100 * found.fit.recall:2.2f} %",
        f"anchors = {target.format_anchors(found.anchors)}",
    ]


def _table(target: AnchorTarget, points: Sequence[SweepPoint]) -> list[str]:
    from darknet_torch.anchors.sweep import elbow

    best = elbow(points)
    lines = ["  k  avg IoU   recall  anchors"]
    for point in points:
        mark = "*" if point is best else " "
        lines.append(
            f"{point.count:3d}{mark} {point.fit.average_iou:7.2%}  {point.fit.recall:7.2%}  "
            f"{target.format_anchors(point.anchors)}"
        )
    return [*lines, f"* the elbow: k = {best.count}"]


def _to_dict(
    options: KmeansOptions,
    target: AnchorTarget,
    measured: MeasuredBoxes,
    points: Sequence[SweepPoint],
) -> dict[str, Any]:
    return {
        "width": target.width,
        "height": target.height,
        "letterbox": target.letterbox,
        "boxes": measured.boxes.box_count,
        "sizes": len(measured.boxes),
        "variant": options.variant,
        "seed": options.seed,
        "restarts": options.restarts,
        "generations": options.generations,
        "results": [
            {
                "count": point.count,
                "average_iou": point.fit.average_iou,
                "recall": point.fit.recall,
                "anchors": point.anchors.tolist(),
                "cfg": target.format_anchors(point.anchors),
            }
            for point in points
        ],
    }
