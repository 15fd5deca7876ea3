"""`dtorch dataset augment`: a data set with augmented copies of its pictures."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.augment.transforms.choice import AugmentationName
from darknet_torch.cli.dataset_source import SourceOptions, source_options
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.parameter_types import OUTPUT_FOLDER, POSITIVE, SEED
from darknet_torch.cli.reporting import exit_if_problems
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.train_choices import type_of
from darknet_torch.errors import UsageError, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darknet_torch.augment.transforms.base import Step


@dataclass(frozen=True, kw_only=True)
class AugmentOptions(SourceOptions):
    """The options of `dtorch dataset augment`."""

    out: str
    augment: str | None
    times: int
    seed: int
    originals: bool


@click.command(name="augment", short_help="Add augmented copies of the pictures.")
@source_options
@click.argument("out", type=OUTPUT_FOLDER, metavar="OUT")
@click.option(
    "--augment",
    type=type_of(AugmentationName()),
    metavar="FILE.yaml|FILE.py:NAME",
    help="The steps, or a function, whose code runs [default: those of docs/augmentation.md].",
)
@click.option(
    "--times", type=POSITIVE, default=3, show_default=True, help="Copies of each picture."
)
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="Seed of the random changes."
)
@click.option(
    "--originals/--no-originals",
    default=True,
    help="Also write the pictures as they are, of all splits, or the copies alone.",
)
@parsed_into(AugmentOptions)
def augment_command(options: AugmentOptions) -> None:
    """Write a data set, and augmented copies of its training pictures, to the new folder OUT.

    OUT gets Darknet's form. Other splits than train are copied as they are: a network is evaluated
    on real pictures. Boxes that no command uses are left out of the copies.

    Exit status: 1 if something was wrong in the source, or a picture could not be read; each
    problem is named on standard error.

    \b
    dtorch dataset augment photos.data more-photos --times 3 --augment steps.yaml
    """
    from darknet_torch.augment.transforms.augmentation import Augmentation
    from darknet_torch.augment.transforms.copies import write_augmented
    from darknet_torch.augment.transforms.table import DEFAULT_STEPS

    steps: Sequence[Step] = DEFAULT_STEPS
    if options.augment is not None:
        augmentation = Augmentation.open(options.augment)
        if augmentation.follows_cfg or not augmentation.steps:
            raise _needs_steps(options.augment)
        steps = augmentation.steps
    done = write_augmented(
        options.open(),
        Path(options.out),
        steps,
        times=options.times,
        seed=options.seed,
        originals=options.originals,
    )
    for name, (pictures, boxes) in done.counts.items():
        echo(f"{name}: {counted(pictures, 'picture')}, {counted(boxes, 'box')}")
    echo(
        f"{done.copies} of {done.split} are augmented, with {counted(done.boxes, 'box')}; "
        f"{counted(done.dropped, 'box')} left the picture"
    )
    data = str(Path(options.out) / "dataset.data")
    echo(f"wrote {data}")
    echo(f"next: {shlex.join(['dtorch', 'dataset', 'show', data])}")
    exit_if_problems(done.problems)


def _needs_steps(name: str) -> UsageError:
    return UsageError(
        "Darknet's own augmentation makes samples of a network, not pictures",
        where=name,
        expected="a list of steps without cfg, or a function",
        got="cfg" if name != "none" else "no steps",
        fix="leave out --augment for the default steps",
    )
