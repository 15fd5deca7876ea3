"""Groups of options about data sets and the names of classes; see `options`. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import click

from darknet_torch.cli.options import all_options
from darknet_torch.cli.parameter_types import PATH
from darknet_torch.datasets import VOC_ORIGIN


@dataclass(frozen=True, kw_only=True)
class NamesOptions:
    """Options that name the classes; see `names_options`."""

    names: str | None
    data: str | None


names_option = click.option(
    "--names", type=PATH, metavar="FILE", help="Names of the classes, or coco or voc."
)
names_options = all_options(
    names_option,
    click.option("--data", type=PATH, metavar="DATA", help="A data set, for its names."),
)


@dataclass(frozen=True, kw_only=True)
class DataFormatOptions:
    """Options for reading a data set; see `data_format_options`; for `exif`, `reading_options`."""

    images: str | None = None
    voc_origin: int = VOC_ORIGIN
    names: str | None = None
    exif: bool = True


data_format_options = all_options(
    click.option(
        "--images",
        type=PATH,
        metavar="DIR",
        help="The folder of a COCO or CSV file's pictures.",
    ),
    click.option(
        "--voc-origin",
        type=click.IntRange(0, 1),
        default=VOC_ORIGIN,
        show_default=True,
        help="The number of the first column and row of a VOC root; 1 as in voc_label.py.",
    ),
    names_option,
)


@dataclass(frozen=True, kw_only=True)
class DataSetOptions(DataFormatOptions):
    """A data set; see `data_set_options`."""

    data: str | None
    split: str | None = None


data_set_options = all_options(
    click.option(
        "--data",
        type=PATH,
        metavar="DATA",
        help="The data set: a .data file, a folder of labelled pictures, a COCO .json, a "
        "data.yaml, ... [default: <cfg>.data].",
    ),
    click.option("--split", metavar="NAME", help="Which list, such as train or valid."),
    data_format_options,
)
