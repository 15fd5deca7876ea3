"""The data set of a `dtorch dataset` command, as its arguments and options name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.dataset_loading import protect_data_set
from darknet_torch.cli.options import all_options, reading_options
from darknet_torch.cli.parameter_types import PATH
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import DataSet


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """The data set of a command; see `source_options`.

    Attributes:
        data: its path, or those of the files that are one data set together; from the arguments
            and --data.
    """

    paths: tuple[str, ...] = ()
    data: tuple[str, ...]
    images: tuple[str, ...]
    splits: tuple[str, ...]
    names: str | None
    voc_origin: int
    exif: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", (*self.paths, *self.data))
        if not self.data:
            raise UsageError(
                "no data set", expected="a folder or a file, such as obj.data", got="none"
            )

    def open(self) -> dict[str, DataSet]:
        """Open all of its splits, by name, and keep outputs from replacing its files."""
        from darknet_torch.datasets.opening import open_splits

        splits = open_splits(
            self.data,
            images=self.images,
            splits=self.splits,
            names=self.names,
            voc_origin=self.voc_origin,
            exif=self.exif,
        )
        protect_data_set(self.data, splits.values())
        return splits


source_options = all_options(
    click.argument("paths", nargs=-1, type=PATH, metavar="[DATA]..."),
    click.option("--data", multiple=True, type=PATH, metavar="DATA", help="The same as DATA."),
    click.option(
        "--images", multiple=True, type=PATH, metavar="DIR", help="Pictures of a COCO or CSV file."
    ),
    click.option("--split", "splits", multiple=True, help="Only this split [default: all]."),
    click.option("--names", type=PATH, metavar="FILE", help="Names of the classes, in order."),
    click.option(
        "--voc-origin",
        type=click.IntRange(0, 1),
        default=VOC_ORIGIN,
        show_default=True,
        help="The number of the first column and row in XML; 1 as in voc_label.py.",
    ),
    reading_options,
)

near_duplicates_option = click.option(
    "--near-duplicates/--no-near-duplicates",
    default=True,
    help="Look for pictures that are nearly the same, such as frames of a video, or not.",
)
