"""`dtorch dataset init`: lists, names and a .data file for a folder of labelled pictures."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.dataset_source import SourceOptions, source_options
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.parameter_types import OUTPUT_FOLDER, SEED
from darknet_torch.cli.terminal import echo
from darknet_torch.errors import UsageError, counted

if TYPE_CHECKING:
    from darknet_torch.datasets.initialise import InitialisedDataSet


@dataclass(frozen=True, kw_only=True)
class InitOptions(SourceOptions):
    """The options of `dtorch dataset init`."""

    out: str | None
    valid: float | None
    seed: int


@click.command(name="init", short_help="Make a .data file of labelled pictures.")
@source_options
@click.option("--out", type=OUTPUT_FOLDER, help="The folder to write into [default: DATA's].")
@click.option(
    "--valid",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="FRACTION",
    help="The share of the pictures to evaluate on [default: 0.2 if there are no splits].",
)
@click.option(
    "--seed",
    type=SEED,
    default=0,
    show_default=True,
    help="Seed of the choice of pictures to evaluate on.",
)
@parsed_into(InitOptions)
def init_command(options: InitOptions) -> None:
    """Write lists, names and a .data file for a folder of labelled pictures, in any known form.

    Pictures stay where they are, and no file is replaced. Labels in another form (XML, COCO, CSV,
    outlines) are written as txt files where Darknet looks for them. What was understood is
    printed, and what to run next. A folder that is a part of a data set, such as one split of
    it, is refused without --valid or --names.

    \b
    dtorch dataset init photos
    dtorch check photos
    """
    from darknet_torch.datasets.initialise import initialise
    from darknet_torch.datasets.outer_data_set import refuse_part

    if len(options.data) > 1:
        raise UsageError(
            "several data sets",
            expected="one",
            got=", ".join(options.data),
            fix="give the folder that holds them",
        )
    if options.valid is None and options.names is None:
        refuse_part(Path(options.data[0]))
    out = None if options.out is None else Path(options.out)
    done = initialise(
        options.open(), Path(options.data[0]), out, valid=options.valid, seed=options.seed
    )
    for line in _describe(done):
        echo(line)


def _describe(done: InitialisedDataSet) -> Iterator[str]:
    """Say what was understood, what was written and what to run next."""
    from darknet_torch.datasets.class_files import UNNAMED
    from darknet_torch.datasets.initialise import VALID

    pictures = sum(map(len, done.splits.values()))
    boxes = sum(done.boxes)
    found = f"{counted(pictures, 'picture')}, {counted(boxes, 'box')}"
    yield f"{done.source}: {done.form.title}, {found}"
    yield "classes: " + ", ".join(
        f"{index} {name} ({count})"
        for index, (name, count) in enumerate(zip(done.names, done.boxes, strict=True))
    )
    if any(problem.kind == UNNAMED for problem in done.problems):
        names = done.data_file.with_suffix(".names")
        yield f"note: the classes have no names; write them into {names}, one on each line"
    how = "as found" if done.seed is None else f"split at random, seed {done.seed}"
    dealt = (f"{name}: {counted(len(items), 'picture')}" for name, items in done.splits.items())
    yield f"{', '.join(dealt)} ({how})"
    if VALID not in done.splits and pictures > 1:
        yield f"note: no list to evaluate on; --{VALID} 0.2 makes one of a fifth of the pictures"
    kinds = Counter(item.kind for item in done.problems if not item.is_note)
    if kinds:
        listed = ", ".join(f"{count} x {kind}" for kind, count in kinds.items())
        yield f"left out: {listed}; dtorch dataset check lists them"
    without = sum(item.labels is None for items in done.splits.values() for item in items)
    if without:
        yield f"without labels: {counted(without, 'picture')}"
    if done.labels_written:
        yield f"wrote {counted(len(done.labels_written), 'label file')} for Darknet"
    folder = done.data_file.parent
    files = [done.data_file.name, done.data_file.with_suffix(".names").name]
    files += [f"{name}.txt" for name in done.splits]
    yield f"wrote {', '.join(files)} in {folder}"
    data = str(done.data_file)
    for command in (
        ["dtorch", "check", data],
        ["dtorch", "new", "yolov4-tiny", "--data", data],
    ):
        yield f"next: {shlex.join(command)}"
    if done.only_pjreddie is not None:
        yield "note: AlexeyAB's C program would look for the labels next to the pictures"
