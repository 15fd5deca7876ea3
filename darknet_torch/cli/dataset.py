"""`dtorch dataset`: convert, check, count, show and split data sets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.options import workers_option
from darknet_torch.cli.value_completion import PATH
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.forms import FORMS, PICTURE_WAYS
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.datasets.model import DataSet, Problem

_POSITIVE = click.IntRange(min=1)


@click.group(short_help="Convert, check, count, show and split data sets.")
def dataset() -> None:
    """Convert, check, count, show and split data sets.

    A data set is a .data file of Darknet's, a COCO JSON with --images DIR, or a Pascal VOC
    root. Give --data several times for several COCO files.
    """


def _source(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--voc-origin",
            type=click.IntRange(0, 1),
            default=VOC_ORIGIN,
            show_default=True,
            help="The number of VOC's first column and row; 1 as in voc_label.py.",
        ),
        click.option(
            "--names", type=PATH, metavar="FILE", help="Names of the classes, in their order."
        ),
        click.option("--split", "splits", multiple=True, help="Only this one [default: all]."),
        click.option(
            "--images", multiple=True, type=PATH, metavar="DIR", help="Pictures of a COCO JSON."
        ),
        click.option(
            "--data", multiple=True, required=True, type=PATH, metavar="DATA", help="The data set."
        ),
    ):
        function = option(function)
    return function


def _output(function: Callable[..., Any]) -> Callable[..., Any]:
    form = click.Choice(["text", "json"])
    for option in (
        click.option("--out", type=click.Path(dir_okay=False), help="Write results to this file."),
        click.option("--format", "form", type=form, default="text", show_default=True),
    ):
        function = option(function)
    return function


@dataset.command(name="convert", short_help="Between Darknet's, COCO's and VOC's form.")
@_source
@click.option("--to", "form", type=click.Choice(FORMS), required=True, help="The form to write.")
@click.option("--out", type=click.Path(file_okay=False), required=True, help="A new folder.")
@click.option(
    "--pictures",
    type=click.Choice(PICTURE_WAYS),
    default="copy",
    show_default=True,
    help="Copy them, link to them, or keep them where they are.",
)
def convert_command(form: str, out: str, pictures: str, **source: Any) -> None:
    """Write a data set in another form, with every box.

    Exit status: 1 if something was wrong in the source or could not be kept; each such
    thing is named on standard error.
    """
    from darknet_torch.datasets.convert import convert

    splits = _open(source)
    done = convert(splits, form, Path(out), pictures=pictures, voc_origin=source["voc_origin"])
    for name, (count, boxes) in done.counts.items():
        click.echo(f"{name}: {count} pictures, {boxes} boxes")
    _tell(done.problems)


@dataset.command(name="check", short_help="Find what is wrong in a data set.")
@_source
@_output
@workers_option
def check_command(workers: int, form: str, out: str | None, **source: Any) -> None:
    """Find what is wrong in a data set: pictures, labels, boxes, classes, splits.

    Exit status: 1 if there are faults.
    """
    from darknet_torch.datasets.check import check

    splits = _open(source)
    found = check(splits, workers=workers)
    if form == "json":
        text = json.dumps([vars(problem) for problem in found], ensure_ascii=False, indent=1)
    else:
        text = "\n".join([*(f"{item.kind}: {item}" for item in found), *_summary(splits, found)])
    _put(text, out)
    if found:
        click.get_current_context().exit(1)


@dataset.command(name="stats", short_help="Classes and box sizes in numbers.")
@_source
@_output
@click.option("--plot", type=click.Path(dir_okay=False), help="Draw them, too (.png, .svg, ...).")
def stats_command(plot: str | None, form: str, out: str | None, **source: Any) -> None:
    """Count the classes and the sizes of the boxes.

    Widths and heights are parts of the picture's; small, medium and large are COCO's words
    for boxes below 32 x 32 and 96 x 96 pixels and above.
    """
    from darknet_torch.datasets.statistics import statistics

    found = statistics(_open(source))
    if form == "json":
        numbers = {item.name: item.to_dict() for item in found}
        _put(json.dumps(numbers, ensure_ascii=False, indent=1), out)
    else:
        _put("\n".join(line for item in found for line in item.lines()), out)
    if plot:
        from darknet_torch.datasets.plots import plot as draw

        draw(found, Path(plot))


@dataset.command(name="show", short_help="Labelled pictures on one sheet.")
@_source
@click.option(
    "--out",
    type=click.Path(dir_okay=False),
    default="dataset.png",
    show_default=True,
    help="The picture to write.",
)
@click.option("--count", type=_POSITIVE, default=20, show_default=True, help="Pictures on it.")
@click.option("--columns", type=_POSITIVE, default=5, show_default=True, help="In a row.")
@click.option("--size", type=click.IntRange(min=32), default=256, show_default=True)
@click.option("--class", "class_name", help="Only pictures with such a box.")
@click.option("--seed", type=click.IntRange(min=0), help="Choose at random [default: the first].")
def show_command(out: str, class_name: str | None, **arguments: Any) -> None:
    """Draw pictures with their boxes, side by side.

    Exit status: 1 if some pictures could not be read.
    """
    import cv2

    from darknet_torch.datasets.sheet import choose, contact_sheet
    from darknet_torch.files import write_bytes

    splits = _open(arguments)
    examples = [item for data in splits.values() for item in data.examples]
    names = _names(splits)
    class_id = None if class_name is None else _class_id(class_name, names)
    chosen = choose(examples, arguments["count"], seed=arguments["seed"], class_id=class_id)
    if not chosen:
        raise UsageError("no pictures to show", where=", ".join(arguments["data"]))
    sheet, errors = contact_sheet(
        chosen, names, columns=arguments["columns"], size=arguments["size"]
    )
    try:
        _, data = cv2.imencode(Path(out).suffix or ".png", sheet)
    except cv2.error:
        raise UsageError("no kind of picture", where=out, expected=".png or .jpg") from None
    write_bytes(Path(out), data.tobytes())
    click.echo(f"{out}: {len(chosen)} of {len(examples)} pictures")
    _fail_if(errors)


@dataset.command(name="split", short_help="Cut a data set into parts.")
@_source
@click.option(
    "--part",
    "parts",
    multiple=True,
    metavar="NAME=SIZE",
    default=("train=0.8", "valid=0.2"),
    show_default=True,
    help="A part and its share.",
)
@click.option("--out", type=click.Path(file_okay=False), help="The folder to write lists into.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def split_command(parts: tuple[str, ...], out: str | None, seed: int, **source: Any) -> None:
    """Deal the pictures of a data set into parts at random, class by class.

    Only lists are written, in the form of the data set: a .data file and its lists, COCO
    files, or lists in ImageSets/Main. Pictures and labels stay where they are.
    """
    from darknet_torch.datasets.split import split_examples
    from darknet_torch.datasets.write_parts import usual_folder, write_parts

    if len(source["data"]) > 1:
        raise UsageError("one --data at a time", got=", ".join(source["data"]))
    path = Path(source["data"][0])
    splits = _open(source)
    folder = Path(out) if out else usual_folder(path)
    if folder is None:
        raise UsageError("nowhere to write the lists", expected="--out DIR")
    examples = [item for data in splits.values() for item in data.examples]
    dealt = split_examples(examples, _shares(parts), seed=seed)
    write_parts(dealt, path, _names(splits), folder)
    for name, items in dealt.items():
        click.echo(f"{name}: {len(items)} pictures")
    _tell([problem for data in splits.values() for problem in data.problems])


def _open(source: dict[str, Any]) -> dict[str, DataSet]:
    from darknet_torch.datasets.opening import open_splits

    keys = ("images", "splits", "names", "voc_origin")
    return open_splits(source["data"], **{key: source[key] for key in keys})


def _names(splits: dict[str, DataSet]) -> tuple[str, ...]:
    return next(iter(splits.values())).names


def _class_id(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise UsageError("no such class", expected=f"one of {', '.join(names)}", got=name)
    return names.index(name)


def _shares(parts: Sequence[str]) -> dict[str, float]:
    found = {}
    for part in parts:
        name, equals, text = part.partition("=")
        try:
            share = float(text)
        except ValueError:
            share = 0.0
        if not name or not equals or not 0 < share < float("inf") or name in found:
            raise UsageError("no part", expected="NAME=SIZE, such as train=0.8, once", got=part)
        found[name] = share
    return found


def _summary(splits: dict[str, DataSet], found: Sequence[Problem]) -> list[str]:
    counts = Counter(problem.kind for problem in found)
    pictures = {name: len(data.examples) for name, data in splits.items()}
    checked = ", ".join(f"{count} pictures in {name}" for name, count in pictures.items())
    lines = [f"{count:8} {kind}" for kind, count in sorted(counts.items())]
    return [*lines, f"{len(found)} faults; {checked}"]


def _put(text: str, out: str | None) -> None:
    from darknet_torch.files import write_text

    if out and out != "-":
        write_text(Path(out), text + "\n")
    else:
        click.echo(text)


def _tell(problems: Sequence[Problem]) -> None:
    _fail_if([f"{problem.kind}: {problem}" for problem in problems])


def _fail_if(faults: Sequence[object]) -> None:
    """Name what went wrong on standard error; if anything did, that is exit status 1."""
    for fault in faults:
        click.echo(f"dtorch: {fault}", err=True)
    if faults:
        click.get_current_context().exit(1)
