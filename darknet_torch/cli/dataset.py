"""`dtorch dataset`: augment, convert, merge, check, count, show and split data sets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.dataset_augment import augment_command
from darknet_torch.cli.dataset_init import init_command
from darknet_torch.cli.dataset_loading import protect_data_set
from darknet_torch.cli.dataset_merge import (
    NewFolderOptions,
    merge_command,
    new_folder_options,
    print_written,
)
from darknet_torch.cli.dataset_source import SourceOptions, near_duplicates_option, source_options
from darknet_torch.cli.dataset_split import split_command
from darknet_torch.cli.drawing_options import (
    DrawingOptions,
    drawing_options,
    note_undrawable_names,
)
from darknet_torch.cli.lazy import LazyGroup
from darknet_torch.cli.options import (
    ReportingOptions,
    all_options,
    parsed_into,
    workers_option,
)
from darknet_torch.cli.parameter_types import (
    OUTPUT_FILE,
    POSITIVE,
    SEED,
    WholeRange,
)
from darknet_torch.cli.reporting import (
    exit_if_any,
    exit_if_problems,
    report_warnings,
    warn_of_problems,
)
from darknet_torch.cli.result_output import print_or_write
from darknet_torch.cli.terminal import echo
from darknet_torch.datasets.formats import DATASET_FORMATS
from darknet_torch.errors import UsageError, counted

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import DataSet, Problem
    from darknet_torch.lint.data import DataSource
    from darknet_torch.lint.finding import Finding


@click.group(cls=LazyGroup)
def dataset() -> None:
    """Make, convert, merge, augment, check, count, show and split data sets.

    DATA is a folder of pictures with labels, a .data file of Darknet's, COCO's JSON, a Pascal VOC
    root, a data.yaml, a list of pictures, or a .csv of boxes. Give several COCO files one after
    the other.
    """


dataset.add_command(augment_command)
dataset.add_command(init_command)
dataset.add_command(merge_command)
dataset.add_command(split_command)


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
        help="The format of the report.",
    ),
    click.option("--out", type=OUTPUT_FILE, help="Write results to this file."),
)


@dataclass(frozen=True, kw_only=True)
class DatasetConvertOptions(SourceOptions, NewFolderOptions):
    """The options of `dtorch dataset convert`."""


@dataset.command(name="convert", short_help="Convert between Darknet, COCO and VOC.")
@source_options
@click.option(
    "--to",
    "target_format",
    type=click.Choice(DATASET_FORMATS),
    required=True,
    help="The format to write.",
)
@new_folder_options
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
    print_written(done, options)
    exit_if_problems(done.problems)


@dataclass(frozen=True, kw_only=True)
class DatasetCheckOptions(SourceOptions, ReportOptions):
    """The options of `dtorch dataset check`."""

    workers: int
    near_duplicates: bool


@dataset.command(name="check", short_help="Find what is wrong in a data set.")
@source_options
@report_options
@workers_option
@near_duplicates_option
@parsed_into(DatasetCheckOptions)
def check_command(options: DatasetCheckOptions) -> None:
    """Find what is wrong in a data set: pictures, labels, boxes, classes, splits.

    Of more than 1,000 problems of one kind in one file the others are counted; --format json lists
    all.

    Exit status: 1 if something is wrong.
    """
    from darknet_torch.datasets.check import find_problems
    from darknet_torch.datasets.problem_list import first_problems

    splits, remarks = _open_to_check(options)
    found = (
        find_problems(
            splits,
            workers=options.workers,
            near_duplicates=options.near_duplicates,
            source=_to_check(options).words() if len(options.data) == 1 else (),
        )
        if splits
        else []
    )
    if options.output_format == "json":
        parts = [*map(_finding_parts, remarks), *map(_parts, found)]
        text = json.dumps(parts, ensure_ascii=False, indent=1)
    else:
        lines = [*map(str, remarks), *(f"{item.kind}: {item}" for item in first_problems(found))]
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
    from darknet_torch.lint.data import check_classification, read_splits
    from darknet_torch.lint.finding import Severity

    if len(options.data) > 1:  # COCO's files
        return options.open(), []
    path = Path(options.data[0])
    if is_classification(path):
        splits: dict[str, DataSet] = {}
        findings = check_classification(path, None)
    else:
        splits, findings = read_splits(_to_check(options), options.splits)
        if not splits:
            options.open()  # raises why
    protect_data_set(options.data, splits.values())
    notes = [str(item) for item in findings if item.severity is Severity.NOTE]
    for text in notes:
        echo(text, err=True)
    return splits, [item for item in findings if item.severity is not Severity.NOTE]


def _to_check(options: DatasetCheckOptions) -> DataSource:
    """The data set at the one path of the options."""
    from darknet_torch.lint.data import DataSource

    images = Path(options.images[0]) if options.images else None
    path = Path(options.data[0])
    return DataSource(path, images, options.names, options.voc_origin, exif=options.exif)


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
    are left out and named on standard error; `dtorch dataset check` lists them.
    """
    from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
    from darknet_torch.datasets.statistics import compute_statistics

    splits = {name: leave_out_wrong_boxes(data) for name, data in options.open().items()}
    found = compute_statistics(splits)
    with report_warnings(ReportingOptions()):
        for data, numbers in zip(splits.values(), found, strict=True):
            warn_of_problems([*data.problems, *numbers.problems], data.origin)
    if options.output_format == "json":
        text = json.dumps(
            {item.name: item.to_dict() for item in found}, ensure_ascii=False, indent=1
        )
    else:
        text = "\n".join(line for item in found for line in item.lines())
    print_or_write(text, options.out)
    if options.plot:
        from darknet_torch.datasets.plots import plot_statistics

        plot_statistics(found, Path(options.plot))


@dataclass(frozen=True, kw_only=True)
class ShowOptions(SourceOptions, DrawingOptions):
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
@click.option(
    "--size",
    type=WholeRange(32),
    default=256,
    show_default=True,
    help="Side of each picture on the sheet, in pixels.",
)
@click.option("--class", "class_name", help="Only pictures with a box of this class.")
@click.option("--seed", type=SEED, help="Choose at random [default: the first].")
@drawing_options
@parsed_into(ShowOptions)
def show_command(options: ShowOptions) -> None:
    """Draw pictures with their boxes, next to each other.

    Exit status: 1 if some pictures could not be read.
    """
    from darknet_torch.datasets.contact_sheet import choose_examples, contact_sheet
    from darknet_torch.media.images import write_picture

    splits, out = options.open(), options.out
    with report_warnings(ReportingOptions()):
        for data in splits.values():
            warn_of_problems(data.problems, data.origin)
    examples = [item for data in splits.values() for item in data.examples]
    names = _class_names(splits)
    class_id = None if options.class_name is None else _class_id(options.class_name, names)
    chosen = choose_examples(examples, options.count, seed=options.seed, class_id=class_id)
    if not chosen:
        raise UsageError("no pictures to show", where=", ".join(options.data))
    with report_warnings(ReportingOptions()):
        sheet, errors = contact_sheet(
            chosen, names, columns=options.columns, size=options.size, style=options.style()
        )
    if note := note_undrawable_names([*names, *(item.path.name for item in chosen)]):
        echo(note, err=True)
    write_picture(Path(out), sheet)
    echo(f"{out}: {len(chosen)} of {len(examples)} pictures")
    exit_if_any(errors)


def _class_names(splits: dict[str, DataSet]) -> tuple[str, ...]:
    return next(iter(splits.values())).names


def _class_id(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise UsageError("no such class", expected=f"one of {', '.join(names)}", got=name)
    return names.index(name)


def _summary(splits: dict[str, DataSet], found: Sequence[Problem], remarks: int) -> list[str]:
    counts = Counter(problem.kind for problem in found)
    pictures = {name: len(data.examples) for name, data in splits.items()}
    checked = ", ".join(f"{counted(size, 'picture')} in {name}" for name, size in pictures.items())
    lines = [f"{count:8} {kind}" for kind, count in sorted(counts.items())]
    return [*lines, f"{counted(len(found) + remarks, 'problem')}; {checked or 'no splits'}"]
