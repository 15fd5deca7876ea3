"""`dtorch kmeans`: anchors for a data set."""

from __future__ import annotations

import json
import warnings
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cli.anchor_search import Setting, find_anchors, kmeans_options, measure_boxes
from darknet_torch.cli.dataset_loading import open_data
from darknet_torch.cli.model_loading import reported, reporting
from darknet_torch.cli.options import data_set_options, output_options
from darknet_torch.cli.value_completion import complete_cfg
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.files import write_bytes, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darknet_torch.anchors.dataset import Measured
    from darknet_torch.anchors.sweep import SweepPoint
    from darknet_torch.cfg.net import NetOptions
    from darknet_torch.datasets.model import DataSet


class _Range(click.ParamType[range]):
    """Two numbers of anchors, as 3:15."""

    name = "A:B"

    def convert(self, value: Any, param: Any, ctx: Any) -> range:
        if isinstance(value, range):
            return value
        first, colon, last = value.partition(":")
        if not (colon and first.isdecimal() and last.isdecimal() and 0 < int(first) < int(last)):
            self.fail(f"{value!r} is no range of numbers of anchors, such as 3:15", param, ctx)
        return range(int(first), int(last) + 1)


@click.command(short_help="Find anchors for a data set.")
@click.option(
    "--cfg",
    metavar="CFG",
    shell_complete=complete_cfg,
    help="The network, which says how many and its width and height [default: that of --write].",
)
@click.option("--dialect", type=click.Choice(list(DIALECTS)), default="alexeyab")
@click.option("-k", "--anchors", "count", type=click.IntRange(1, 1000), help="How many anchors.")
@click.option("--width", type=click.IntRange(min=1), help="Width of the network's input.")
@click.option("--height", type=click.IntRange(min=1), help="Height of the network's input.")
@click.option(
    "--letterbox/--stretch",
    default=None,
    help="Pictures keep their aspect, or not [default: the cfg's and the dialect's way].",
)
@data_set_options
@kmeans_options
@click.option("--sweep", type=_Range(), help="Try every number of anchors from A to B.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False),
    help="Draw boxes and anchors, or the sweep, to this .png, .svg or .pdf.",
)
@click.option(
    "--write",
    type=click.Path(dir_okay=False),
    metavar="CFG",
    help="Put the anchors into this cfg: anchors, num, mask, and the filters before the heads.",
)
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@output_options
def kmeans(**arguments: Any) -> None:
    """Find anchors for the boxes of a data set, by k-means with 1 - IoU as distance.

    Prints the average IoU as Darknet's calc_anchors does, the part of the boxes that an
    anchor overlaps by half or more, and the anchors as a cfg has them.

    \b
    dtorch kmeans --data obj.data -k 9 --width 416 --height 416
    dtorch kmeans --cfg custom.cfg --data obj.data --write custom.cfg
    """
    if arguments["sweep"] and (arguments["write"] or arguments["count"]):
        given = "--write" if arguments["write"] else "-k"
        raise UsageError("--sweep tries many numbers of anchors", got=f"--sweep and {given}")
    from darknet_torch.anchors.plotting import Plot

    arguments["cfg"] = arguments["cfg"] or arguments["write"]
    report = reporting(arguments)
    plot = Plot(Path(arguments["plot"])) if arguments["plot"] else None
    with reported(report):
        setting = _setting(arguments)
        data_set = open_data(arguments)
        measured = measure_boxes(data_set, setting)
    report.say(_describe(data_set, setting, measured))
    points = find_anchors(arguments, measured, arguments["sweep"] or [setting.count])
    if plot is not None:
        swept = bool(arguments["sweep"])
        data = plot.elbow(points) if swept else plot.scatter(measured.boxes, points[0])
        write_bytes(Path(arguments["plot"]), data)
    _show(arguments, setting, measured, points)
    if arguments["write"]:
        _write(Path(arguments["write"]), points[0])
        report.say(f"rewrote {arguments['write']}")


def _write(cfg: Path, found: SweepPoint) -> None:
    """Rewrite a cfg that has been read before, so that it was warned of already."""
    from darknet_torch.anchors.rewrite import rewrite_cfg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        rewrite_cfg(cfg, found.anchors)


def _setting(arguments: dict[str, Any]) -> Setting:
    """What --cfg says, less what other options say.

    Raises:
        UsageError: a number is said nowhere, or --write names a cfg of another size.
        CfgError: the cfg cannot be read or has no anchors.
    """
    from darknet_torch.anchors.heads import read_anchor_cfg

    dialect, cfg = DIALECTS[arguments["dialect"]], arguments["cfg"]
    given = {name: arguments[name] for name in ("count", "width", "height")}
    unit, letterbox = Fraction(1), dialect.letterbox
    if cfg:
        found = read_anchor_cfg(resolve_model(cfg).cfg, dialect)
        unit, letterbox = found.unit, found.net.letter_box or dialect.letterbox
        given["width"] = given["width"] or found.net.width
        given["height"] = given["height"] or found.net.height
        if given["count"] is None and not arguments["sweep"]:
            given["count"] = found.count
    if arguments["sweep"]:
        given["count"] = arguments["sweep"][0]
    missing = [name for name, value in given.items() if not value]
    if missing:
        options = {"count": "-k 9", "width": "--width 416", "height": "--height 416"}
        raise UsageError(
            "too little is said of the network",
            expected=f"--cfg CFG, or {' '.join(options[name] for name in missing)}",
        )
    if arguments["write"]:
        same = Path(arguments["write"]) == Path(cfg)
        net = found.net if same else read_anchor_cfg(arguments["write"], dialect).net
        _check_size(arguments["write"], net, given)
    if arguments["letterbox"] is not None:
        letterbox = arguments["letterbox"]
    return Setting(**given, letterbox=letterbox, unit=unit)


def _check_size(write: str, net: NetOptions, given: dict[str, int]) -> None:
    """Anchors are pixels of the input: those for one size are wrong for another."""
    if (net.width, net.height) != (given["width"], given["height"]):
        raise UsageError(
            "--write into a cfg of another size than the anchors are for",
            where=write,
            expected=f"width={given['width']} height={given['height']}",
            got=f"width={net.width} height={net.height}",
            fix="leave out --width and --height, or correct the cfg",
        )


def _describe(data_set: DataSet, setting: Setting, measured: Measured) -> str:
    left_out = f", {measured.difficult} difficult ones left out" if measured.difficult else ""
    return (
        f"{data_set.origin}: {len(data_set.examples)} pictures, {measured.boxes.boxes} boxes of "
        f"{len(measured.boxes)} sizes{left_out}; input {setting.width} x {setting.height}, "
        f"{'letterboxed' if setting.letterbox else 'stretched'}"
    )


def _show(
    arguments: dict[str, Any], setting: Setting, measured: Measured, points: Sequence[SweepPoint]
) -> None:
    """Print what was found, or write it to --out."""
    if arguments["form"] == "json":
        text = json.dumps(_to_dict(arguments, setting, measured, points), indent=1)
    elif arguments["sweep"]:
        text = "\n".join(_table(setting, points))
    else:
        text = "\n".join(_lines(setting, points[0]))
    if arguments["out"] and arguments["out"] != "-":
        write_text(Path(arguments["out"]), text + "\n")
    else:
        click.echo(text)


def _lines(setting: Setting, found: SweepPoint) -> list[str]:
    """Source: detector.c calc_anchors (AlexeyAB), the first and the last line."""
    from darknet_torch.anchors.quality import RECALL_AT

    return [
        f"avg IoU = {100 * found.fit.average_iou:2.2f} %",
        f"recall at IoU {RECALL_AT:.2f} = {100 * found.fit.recall:2.2f} %",
        f"anchors = {setting.format_anchors(found.anchors)}",
    ]


def _table(setting: Setting, points: Sequence[SweepPoint]) -> list[str]:
    from darknet_torch.anchors.sweep import elbow

    best = elbow(points)
    lines = ["  k  avg IoU   recall  anchors"]
    for point in points:
        mark = "*" if point is best else " "
        lines.append(
            f"{point.count:3d}{mark} {point.fit.average_iou:7.2%}  {point.fit.recall:7.2%}  "
            f"{setting.format_anchors(point.anchors)}"
        )
    return [*lines, f"* the elbow: k = {best.count}"]


def _to_dict(
    arguments: dict[str, Any], setting: Setting, measured: Measured, points: Sequence[SweepPoint]
) -> dict[str, Any]:
    return {
        "width": setting.width,
        "height": setting.height,
        "letterbox": setting.letterbox,
        "boxes": measured.boxes.boxes,
        "sizes": len(measured.boxes),
        "variant": arguments["variant"],
        "seed": arguments["seed"],
        "restarts": arguments["restarts"],
        "generations": arguments["generations"],
        "results": [
            {
                "count": point.count,
                "average_iou": point.fit.average_iou,
                "recall": point.fit.recall,
                "anchors": point.anchors.tolist(),
                "cfg": setting.format_anchors(point.anchors),
            }
            for point in points
        ],
    }
