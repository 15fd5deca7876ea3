"""The data set that a command's options name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from darknet_torch.cli.data_options import DataSetOptions
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.reporting import warn_of_problems
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError
from darknet_torch.text import path_exists

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from darknet_torch.datasets.examples import DataSet


def find_data(data: str | None, cfg: str | None) -> str:
    """Return the data set that --data names, else the .data file next to the cfg.

    Raises:
        UsageError: there is neither.
    """
    if data:
        return data
    neighbour = resolve_model(cfg).companion(".data") if cfg else None
    if neighbour is not None and path_exists(neighbour):
        protect_inputs([neighbour])
        return str(neighbour)
    raise UsageError(
        "no data set",
        expected="--data, such as --data obj.data, a folder of labelled pictures, "
        "--data instances_train2017.json --images train2017, or --data VOC2007 --split train",
        got=f"no --data, and no {neighbour}" if neighbour else "no --data",
    )


def protect_data_set(data: Sequence[str], splits: Iterable[DataSet]) -> None:
    """Keep the outputs of the running command from replacing a file of a data set.

    Args:
        data: the path of the data set; of several, if they are one together.
        splits: its splits that are read.

    Raises:
        UsageError: an output that a parameter names is a file of the data set.
    """
    from darknet_torch.datasets.file_list import example_files, named_files

    protect_inputs(file for path in data for file in named_files(path))
    protect_inputs(example_files(splits))


def open_data(
    options: DataSetOptions, cfg: str | None = None, *, default_split: str | None = None
) -> DataSet:
    """Open the data set without wrong boxes, and warn about what is wrong in its files.

    Args:
        options: which data set.
        cfg: whose .data file is used without --data.
        default_split: the split without --split.

    Raises:
        UsageError, NamesError: as `find_data` and `open_dataset`.

    Warns:
        CfgWarning: for each of the first problems, and for the number of the others.
    """
    from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
    from darknet_torch.datasets.opening import open_dataset

    data = find_data(options.data, cfg)
    data_set = open_dataset(
        Path(data),
        images=options.images,
        split=options.split or default_split,
        names=options.names,
        voc_origin=options.voc_origin,
        exif=options.exif,
    )
    protect_data_set([data], [data_set])
    data_set = leave_out_wrong_boxes(data_set)
    warn_of_problems(data_set.problems, data_set.origin)
    return data_set
