"""`dtorch dataset merge`, and what it shares with `dtorch dataset convert`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.dataset_loading import protect_data_set
from darknet_torch.cli.options import all_options, parsed_into, reading_options
from darknet_torch.cli.parameter_types import OUTPUT_FOLDER, PATH
from darknet_torch.cli.reporting import exit_if_problems
from darknet_torch.cli.terminal import echo
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.formats import DATASET_FORMATS, PICTURE_MODES
from darknet_torch.errors import UsageError, counted
from darknet_torch.text import path_exists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darknet_torch.datasets.convert import Conversion
    from darknet_torch.datasets.examples import DataSet


@dataclass(frozen=True, kw_only=True)
class NewFolderOptions:
    """Where a new data set is written; see `new_folder_options`."""

    target_format: str
    out: str
    pictures: str
    voc_origin: int


new_folder_options = all_options(
    click.option("--out", type=OUTPUT_FOLDER, required=True, help="A new or empty folder."),
    click.option(
        "--pictures",
        type=click.Choice(PICTURE_MODES),
        default="copy",
        show_default=True,
        help="Copy the pictures, link to them, or keep them where they are.",
    ),
)


def print_written(done: Conversion, options: NewFolderOptions) -> None:
    """Print the pictures and boxes of each split that was written, where, and the next command."""
    for name, (count, boxes) in done.counts.items():
        echo(f"{name}: {counted(count, 'picture')}, {counted(boxes, 'box')}")
    data, more = options.out, list[str]()
    if options.target_format == "darknet":
        data = str(Path(data) / "dataset.data")
    elif options.target_format == "voc" and options.voc_origin != VOC_ORIGIN:
        more = ["--voc-origin", str(options.voc_origin)]
    echo(f"wrote {data}")
    echo(f"next: {shlex.join(['dtorch', 'check', data, *more])}")


@dataclass(frozen=True, kw_only=True)
class MergeOptions(NewFolderOptions):
    """The options of `dtorch dataset merge`.

    Attributes:
        data: the data sets, each with the splits to take from it, ``PATH[:SPLIT[=NAME],...]``.
        splits: the splits to take from those that name none; all by default.
        renamed: changed class names, each ``OLD=NEW``.
    """

    data: tuple[str, ...]
    images: tuple[str, ...]
    splits: tuple[str, ...]
    names: str | None
    renamed: tuple[str, ...]
    drop_duplicates: bool
    exif: bool


@click.command(name="merge", short_help="Merge several data sets into one.")
@click.argument("data", nargs=-1, required=True, type=PATH, metavar="DATA[:SPLIT[=NAME],...]...")
@click.option(
    "--to",
    "target_format",
    type=click.Choice(DATASET_FORMATS),
    default=DATASET_FORMATS[0],
    show_default=True,
    help="The format to write.",
)
@new_folder_options
@click.option(
    "--images",
    multiple=True,
    type=PATH,
    metavar="DIR",
    help="Pictures of the COCO JSONs: one folder, or one for each data set.",
)
@click.option("--split", "splits", multiple=True, help="Only this split [default: all].")
@click.option(
    "--names", type=PATH, metavar="FILE", help="The classes in their order; others are left out."
)
@click.option(
    "--rename", "renamed", multiple=True, metavar="OLD=NEW", help="Change the name of a class."
)
@click.option(
    "--drop-duplicates", is_flag=True, help="Keep one of equal pictures of different data sets."
)
@click.option(
    "--voc-origin",
    type=click.IntRange(0, 1),
    default=VOC_ORIGIN,
    show_default=True,
    help="The number of VOC's first column and row, read and written; 1 as in voc_label.py.",
)
@reading_options
@parsed_into(MergeOptions)
def merge_command(options: MergeOptions) -> None:
    """Merge several data sets, of any formats, into a new one.

    Classes are joined by name, and splits, too. VOC2012:trainval=train,test=valid takes two
    splits of a data set, under other names.

    Exit status: 1 if something was wrong in the sources or could not be kept; each
    problem is named on standard error.
    """
    from darknet_torch.datasets.convert import convert
    from darknet_torch.datasets.merge import merge_data_sets
    from darknet_torch.datasets.reading import resolve_class_names

    sets = _open_all(options)
    merged, problems = merge_data_sets(
        sets,
        names=resolve_class_names(options.names),
        renamed=_parse_pairs(options.renamed, "--rename"),
        drop_duplicates=options.drop_duplicates,
    )
    done = convert(
        merged,
        options.target_format,
        Path(options.out),
        pictures=options.pictures,
        voc_origin=options.voc_origin,
    )
    print_written(done, options)
    exit_if_problems([*problems, *done.problems])


def _open_all(options: MergeOptions) -> list[dict[str, DataSet]]:
    if len(options.data) < 2:
        raise UsageError(
            "one data set cannot be merged",
            expected="two or more",
            got=options.data[0],
            fix="dtorch dataset convert writes one data set in another format",
        )
    folders: Sequence[str | None] = options.images or [None]
    folders = [*folders] * (len(options.data) if len(folders) == 1 else 1)
    if len(folders) != len(options.data):
        raise UsageError(
            "the number of picture folders does not match",
            expected=f"one --images, or {len(options.data)}: one for each data set",
            got=len(folders),
        )
    return [
        _open(word, folder, options) for word, folder in zip(options.data, folders, strict=True)
    ]


def _open(word: str, folder: str | None, options: MergeOptions) -> dict[str, DataSet]:
    """Open a data set, with the splits that are asked for under their new names."""
    from darknet_torch.datasets.opening import open_splits

    path, new_names = _parse_source(word)
    wanted = list(new_names) or list(options.splits)
    splits = open_splits(
        [path],
        images=[folder] if folder else [],
        splits=wanted,
        voc_origin=options.voc_origin,
        exif=options.exif,
    )
    protect_data_set([path], splits.values())
    if missing := [name for name in wanted if name not in splits]:
        raise UsageError(
            f"has no split {missing[0]!r}", where=path, expected=f"one of {', '.join(splits)}"
        )
    return {new_names.get(name, name): data for name, data in splits.items()}


def _parse_source(word: str) -> tuple[str, dict[str, str]]:
    """The path of a data set, and old -> new names of the splits to take; none for all of them."""
    path, colon, listed = word.rpartition(":")
    if path_exists(word) or not colon or not path_exists(path):
        return word, {}
    new_names: dict[str, str] = {}
    for part in listed.split(","):
        old, equals, new = part.strip().partition("=")
        if not old or (equals and not new) or (new or old) in new_names.values():
            raise UsageError(
                "the splits of a data set cannot be read",
                where=path,
                expected="SPLIT or SPLIT=NAME, with commas between them, each name once",
                got=listed,
            )
        new_names[old] = new or old
    return path, new_names


def _parse_pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    """Parse the values of an option that is ``OLD=NEW``."""
    found = {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        if not old or not equals or not new.strip() or old in found:
            raise UsageError(
                f"{option} is not OLD=NEW", expected="OLD=NEW, such as Dog=dog, once", got=pair
            )
        found[old] = new
    return found
