"""`dtorch dataset`: convert, check, count, show and split data sets."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.dataset_init import init_command
from darknet_torch.cli.dataset_loading import protect_data_set
from darknet_torch.cli.dataset_source import SourceOptions, source_options
from darknet_torch.cli.options import (
    ReportingOptions,
    all_options,
    parsed_into,
    workers_option,
)
from darknet_torch.cli.parameter_types import (
    NOT_NEGATIVE,
    OUTPUT_FILE,
    OUTPUT_FOLDER,
    POSITIVE,
)
from darknet_torch.cli.reporting import report_warnings, warn_of_problems
from darknet_torch.cli.result_output import print_or_write
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.formats import DATASET_FORMATS, PICTURE_MODES
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import DataSet, Problem
    from darknet_torch.lint.finding import Finding


@click.group()
def dataset() -> None:
    """Make, convert, check, count, show and split data sets.

    DATA is a folder of pictures with labels, a .data file of Darknet's, COCO's JSON, a Pascal VOC
    root, a data.yaml, a list of pictures, or a .csv of boxes. Give several COCO files one after
    the other.
    """


dataset.add_command(init_command)


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """The format and the file of a report; see `report_options`."""

    output_format: str
    out: str | None


report_options = all_options(
    click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
    ),
    click.option("--out", type=OUTPUT_FILE, help="Write results to this file."),
)


@dataclass(frozen=True, kw_only=True)
class DatasetConvertOptions(SourceOptions):
    """The options of `dtorch dataset convert`."""

    target_format: str
    out: str
    pictures: str


@dataset.command(name="convert", short_help="Convert between Darknet, COCO and VOC.")
@source_options
@click.option(
    "--to",
    "target_format",
    type=click.Choice(DATASET_FORMATS),
    required=True,
    help="The format to write.",
)
@click.option("--out", type=OUTPUT_FOLDER, required=True, help="A new or empty folder.")
@click.option(
    "--pictures",
    type=click.Choice(PICTURE_MODES),
    default="copy",
    show_default=True,
    help="Copy the pictures, link to them, or keep them where they are.",
)
@parsed_into(DatasetConvertOptions)
def convert_command(options: DatasetConvertOptions) -> None:
    """Write a data set in another format, with every box.

    Exit status: 1 if something was wrong in the source or could not be kept; each
    problem is named on standard error.
    """
    from darknet_torch.datasets.convert import convert

    done = convert(
        options.open(),
        options.target_format,
        Path(options.out),
        pictures=options.pictures,
        voc_origin=options.voc_origin,
    )
    for name, (count, boxes) in done.counts.items():
        click.echo(f"{name}: {count} pictures, {boxes} boxes")
    data, more = _written_data_set(options)
    click.echo(f"wrote {data}")
    click.echo(f"next: {shlex.join(['dtorch', 'check', data, *more])}")
    _exit_if_problems(done.problems)


@dataclass(frozen=True, kw_only=True)
class DatasetCheckOptions(SourceOptions, ReportOptions):
    """The options of `dtorch dataset check`."""

    workers: int


@dataset.command(name="check", short_help="Find what is wrong in a data set.")
@source_options
@report_options
@workers_option
@parsed_into(DatasetCheckOptions)
def check_command(options: DatasetCheckOptions) -> None:
    """Find what is wrong in a data set: pictures, labels, boxes, classes, splits.

    Exit status: 1 if something is wrong.
    """
    from darknet_torch.datasets.check import find_problems

    splits, remarks = _open_to_check(options)
    found = find_problems(splits, workers=options.workers) if splits else []
    if options.output_format == "json":
        parts = [*map(_finding_parts, remarks), *map(_parts, found)]
        text = json.dumps(parts, ensure_ascii=False, indent=1)
    else:
        lines = [*map(str, remarks), *(f"{item.kind}: {item}" for item in found)]
        text = "\n".join([*lines, *_summary(splits, found, len(remarks))])
    print_or_write(text, options.out)
    if remarks or any(not problem.is_note for problem in found):
        click.get_current_context().exit(1)


def _open_to_check(options: DatasetCheckOptions) -> tuple[dict[str, DataSet], list[Finding]]:
    """Open the splits that can be read, and find out what `dtorch check` says about the others.

    Returns:
        The splits, and errors and warnings. A classifier's data set has no splits with boxes: all
        that is wrong in it is found by opening it.
    """
    from darknet_torch.datasets.classification import is_classification
    from darknet_torch.lint.data import DataSource, check_classification, read_splits
    from darknet_torch.lint.finding import Severity

    if len(options.data) > 1:  # COCO's files
        return options.open(), []
    path = Path(options.data[0])
    if is_classification(path):
        splits: dict[str, DataSet] = {}
        findings = check_classification(path, None)
    else:
        images = Path(options.images[0]) if options.images else None
        source = DataSource(path, images, options.names, options.voc_origin, exif=options.exif)
        splits, findings = read_splits(source, options.splits)
        if not splits:
            options.open()  # raises why
    protect_data_set(options.data, splits.values())
    notes = [str(item) for item in findings if item.severity is Severity.NOTE]
    for text in notes:
        click.echo(text, err=True)
    return splits, [item for item in findings if item.severity is not Severity.NOTE]


def _finding_parts(finding: Finding) -> dict[str, str]:
    """The parts of a finding that it has, for JSON."""
    parts = {key: value for key, value in finding.to_dict().items() if value}
    return {"kind": parts.pop("severity"), **parts}


def _parts(problem: Problem) -> dict[str, str]:
    """The parts of a problem that it has, for JSON."""
    return {key: value for key, value in vars(problem).items() if value}


@dataclass(frozen=True, kw_only=True)
class StatsOptions(SourceOptions, ReportOptions):
    """The options of `dtorch dataset stats`."""

    plot: str | None


@dataset.command(name="stats", short_help="Count classes and box sizes.")
@source_options
@report_options
@click.option("--plot", type=OUTPUT_FILE, help="Also plot them to this .png, .svg, ...")
@parsed_into(StatsOptions)
def stats_command(options: StatsOptions) -> None:
    """Count the classes and the sizes of the boxes.

    Widths and heights are fractions of the picture's. Small, medium and large are COCO's
    size classes: below 32 x 32 pixels, below 96 x 96, and above. Boxes that no command uses
    are left out and named on standard error; `dtorch dataset check` lists them all.
    """
    from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
    from darknet_torch.datasets.statistics import compute_statistics

    splits = {name: leave_out_wrong_boxes(data) for name, data in options.open().items()}
    with report_warnings(ReportingOptions()):
        for data in splits.values():
            warn_of_problems(data.problems, data.origin)
    found = compute_statistics(splits)
    if options.output_format == "json":
        numbers = {item.name: item.to_dict() for item in found}
        text = json.dumps(numbers, ensure_ascii=False, indent=1)
    else:
        text = "\n".join(line for item in found for line in item.lines())
    print_or_write(text, options.out)
    if options.plot:
        from darknet_torch.datasets.plots import plot_statistics

        plot_statistics(found, Path(options.plot))


@dataclass(frozen=True, kw_only=True)
class ShowOptions(SourceOptions):
    """The options of `dtorch dataset show`.

    Attributes:
        size: side of each picture on the sheet, in pixels.
        seed: seed of the choice of pictures; None for the first ones.
    """

    out: str
    count: int
    columns: int
    size: int
    class_name: str | None
    seed: int | None


@dataset.command(name="show", short_help="Draw labelled pictures on one sheet.")
@source_options
@click.option(
    "--out",
    type=OUTPUT_FILE,
    default="dataset.png",
    show_default=True,
    help="The picture file to write.",
)
@click.option("--count", type=POSITIVE, default=20, show_default=True, help="Number of pictures.")
@click.option("--columns", type=POSITIVE, default=5, show_default=True, help="Pictures per row.")
@click.option("--size", type=click.IntRange(min=32), default=256, show_default=True)
@click.option("--class", "class_name", help="Only pictures with a box of this class.")
@click.option("--seed", type=NOT_NEGATIVE, help="Choose at random [default: the first].")
@parsed_into(ShowOptions)
def show_command(options: ShowOptions) -> None:
    """Draw pictures with their boxes, next to each other.

    Exit status: 1 if some pictures could not be read.
    """
    from darknet_torch.datasets.contact_sheet import choose_examples, contact_sheet
    from darknet_torch.media.images import write_picture

    splits, out = options.open(), options.out
    examples = [item for data in splits.values() for item in data.examples]
    names = _class_names(splits)
    class_id = None if options.class_name is None else _class_id(options.class_name, names)
    chosen = choose_examples(examples, options.count, seed=options.seed, class_id=class_id)
    if not chosen:
        raise UsageError("no pictures to show", where=", ".join(options.data))
    with report_warnings(ReportingOptions()):
        sheet, errors = contact_sheet(chosen, names, columns=options.columns, size=options.size)
    write_picture(Path(out), sheet)
    click.echo(f"{out}: {len(chosen)} of {len(examples)} pictures")
    _exit_if_any(errors)


@dataclass(frozen=True, kw_only=True)
class SplitOptions(SourceOptions):
    """The options of `dtorch dataset split`."""

    parts: tuple[str, ...]
    out: str | None
    seed: int


@dataset.command(name="split", short_help="Split a data set into parts.")
@source_options
@click.option(
    "--part",
    "parts",
    multiple=True,
    metavar="NAME=SIZE",
    default=("train=0.8", "valid=0.2"),
    show_default=True,
    help="A part and its share.",
)
@click.option("--out", type=OUTPUT_FOLDER, help="The folder to write lists into.")
@click.option("--seed", type=NOT_NEGATIVE, default=0, show_default=True)
@parsed_into(SplitOptions)
def split_command(options: SplitOptions) -> None:
    """Assign the pictures of a data set to parts at random, class by class.

    Only lists are written, in the format of the data set: a .data file and its lists, COCO
    files, or lists in ImageSets/Main. Pictures and labels stay where they are.
    """
    from darknet_torch.datasets.split import split_examples
    from darknet_torch.datasets.write_parts import default_parts_folder, write_parts

    if len(options.data) > 1:
        raise UsageError(
            "several data sets cannot be split together",
            expected="one --data",
            got=", ".join(options.data),
            fix="split one data set at a time",
        )
    path = Path(options.data[0])
    splits = options.open()
    folder = Path(options.out) if options.out else default_parts_folder(path)
    if folder is None:
        raise UsageError(
            "nowhere to write the lists", where=path, expected="--out DIR", got="no --out"
        )
    examples = [item for data in splits.values() for item in data.examples]
    dealt = split_examples(examples, _parse_parts(options.parts), seed=options.seed)
    write_parts(dealt, path, _class_names(splits), folder)
    for name, items in dealt.items():
        click.echo(f"{name}: {len(items)} pictures")
    _exit_if_problems([problem for data in splits.values() for problem in data.problems])


def _written_data_set(options: DatasetConvertOptions) -> tuple[str, list[str]]:
    """The path of what `dataset convert` wrote, and the options to read it with."""
    if options.target_format == "darknet":
        return str(Path(options.out) / "dataset.data"), []
    is_from_one = options.target_format == "voc" and options.voc_origin != VOC_ORIGIN
    return options.out, ["--voc-origin", str(options.voc_origin)] if is_from_one else []


def _class_names(splits: dict[str, DataSet]) -> tuple[str, ...]:
    return next(iter(splits.values())).names


def _class_id(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise UsageError("no such class", expected=f"one of {', '.join(names)}", got=name)
    return names.index(name)


def _parse_parts(parts: Sequence[str]) -> dict[str, float]:
    """Parse the parts of --part into the share of each."""
    found = {}
    for part in parts:
        name, equals, text = part.partition("=")
        try:
            share = float(text)
        except ValueError:
            share = 0.0
        if not name or not equals or not 0 < share < float("inf") or name in found:
            raise UsageError(
                "--part is not NAME=SIZE", expected="NAME=SIZE, such as train=0.8, once", got=part
            )
        found[name] = share
    return found


def _summary(splits: dict[str, DataSet], found: Sequence[Problem], remarks: int) -> list[str]:
    counts = Counter(problem.kind for problem in found)
    pictures = {name: len(data.examples) for name, data in splits.items()}
    checked = ", ".join(f"{count} pictures in {name}" for name, count in pictures.items())
    lines = [f"{count:8} {kind}" for kind, count in sorted(counts.items())]
    return [*lines, f"{len(found) + remarks} problems; {checked or 'no splits'}"]


def _exit_if_problems(problems: Sequence[Problem]) -> None:
    """Print problems and notes to standard error; exit with 1 if there are problems."""
    for problem in problems:
        if problem.is_note:
            click.echo(f"note: {problem}", err=True)
    _exit_if_any([f"{item.kind}: {item}" for item in problems if not item.is_note])


def _exit_if_any(errors: Sequence[object]) -> None:
    """Print what went wrong to standard error; exit with 1 if anything did."""
    for error in errors:
        click.echo(f"dtorch: {error}", err=True)
    if errors:
        click.get_current_context().exit(1)
