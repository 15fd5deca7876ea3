"""`dtorch dataset split`: the pictures of a data set, dealt out to parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.dataset_source import SourceOptions, near_duplicates_option, source_options
from darknet_torch.cli.options import parsed_into, workers_option
from darknet_torch.cli.parameter_types import OUTPUT_FOLDER, SEED
from darknet_torch.cli.reporting import exit_if_problems
from darknet_torch.cli.terminal import echo
from darknet_torch.errors import UsageError, counted

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import Example


@dataclass(frozen=True, kw_only=True)
class SplitOptions(SourceOptions):
    """The options of `dtorch dataset split`."""

    parts: tuple[str, ...]
    out: str | None
    seed: int
    stratify: bool
    near_duplicates: bool
    workers: int


@click.command(name="split", short_help="Split a data set into parts.")
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
@click.option(
    "--seed",
    type=SEED,
    default=0,
    show_default=True,
    help="Seed of the random order of pictures.",
)
@click.option(
    "--stratify", is_flag=True, help="Give each part its share of the boxes of every class."
)
@near_duplicates_option
@workers_option
@parsed_into(SplitOptions)
def split_command(options: SplitOptions) -> None:
    """Assign the pictures of a data set to parts at random, class by class.

    Pictures that are equal or nearly the same, such as frames of a video, stay in one part.

    Only lists are written, in the format of the data set: a .data file and its lists, COCO
    files, or lists in ImageSets/Main. Pictures and labels stay where they are.
    """
    from darknet_torch.datasets.missing_pictures import leave_out_missing
    from darknet_torch.datasets.split import split_examples
    from darknet_torch.datasets.write_parts import (
        default_parts_folder,
        may_write_labels,
        write_parts,
    )

    if len(options.data) > 1:
        raise UsageError(
            "several data sets cannot be split together",
            expected="one --data",
            got=", ".join(options.data),
            fix="split one data set at a time",
        )
    path = Path(options.data[0])
    splits = options.open()
    if may_write_labels(path):
        splits = leave_out_missing(splits)
    folder = Path(options.out) if options.out else default_parts_folder(path)
    if folder is None:
        raise UsageError(
            "nowhere to write the lists", where=path, expected="--out DIR", got="no --out"
        )
    examples = [item for data in splits.values() for item in data.examples]
    dealt = split_examples(
        examples,
        _parse_parts(options.parts),
        seed=options.seed,
        groups=_find_groups(examples, options) if options.near_duplicates else None,
        stratify=options.stratify,
    )
    write_parts(dealt, path, next(iter(splits.values())).names, folder)
    _say_what_is_dealt_out(list(splits), list(dealt))
    for name, items in dealt.items():
        echo(f"{name}: {counted(len(items), 'picture')}")
        if not items:
            what = "its share is smaller than a picture, or than a group of them"
            echo(f"note: {name} has no pictures: {what}", err=True)
    exit_if_problems([problem for data in splits.values() for problem in data.problems])


def _say_what_is_dealt_out(splits: Sequence[str], parts: Sequence[str]) -> None:
    """Say which split, such as "test", is in the parts now, while others are dealt out anew."""
    from darknet_torch.datasets.split_names import same_split, split_word

    renewed = [name for name in splits if same_split(name, parts) in parts]
    ended = [name for name in splits if split_word(name) and name not in renewed]
    if renewed and ended:
        way = f"to leave them out, give {' '.join(f'--split {name}' for name in renewed)}"
        what = f"the pictures of {', '.join(ended)} are dealt out, too; {way}"
        echo(f"note: {what}", err=True)


def _find_groups(examples: Sequence[Example], options: SplitOptions) -> dict[Path, int]:
    """Group the pictures that are equal or nearly the same, and say how many there are."""
    from darknet_torch.datasets.near_duplicates import group_pictures

    pictures = {item.path: item.exif for item in examples}
    groups, errors = group_pictures(pictures, workers=options.workers)
    sizes = [size for size in Counter(groups.values()).values() if size > 1]
    if sizes:
        echo(
            f"equal or nearly equal pictures: {sum(sizes)} in {len(sizes)} groups, each of which "
            "stays in one part"
        )
    if errors:
        what = f"{counted(len(errors), 'picture')} cannot be read or compared with others"
        echo(f"note: {what}; the first: {errors[0]}", err=True)
    return groups


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
