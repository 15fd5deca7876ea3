"""A command's options to a data set, with what is wrong in it on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError, warn

if TYPE_CHECKING:
    from darknet_torch.datasets.model import DataSet

_SHOWN = 5  # problems of a data set, before they are only counted


def find_data(data: str | None, cfg: str | None) -> str:
    """The data set that --data names, else the .data file beside the cfg.

    Raises:
        UsageError: there is neither.
    """
    if data:
        return data
    beside = resolve_model(cfg).companion(".data") if cfg else None
    if beside is not None and beside.exists():
        return str(beside)
    raise UsageError(
        "no data set",
        expected="--data, such as --data obj.data, --data instances_train2017.json --images "
        "train2017, or --data VOC2007 --split train",
        got=f"no --data, and no {beside}" if beside else "no --data",
    )


def open_data(arguments: dict[str, Any]) -> DataSet:
    """The data set of a command's keyword arguments of `data_set_options`, and cfg.

    Raises:
        UsageError, NamesError: as `find_data` and `open_dataset`.

    Warns:
        CfgWarning: of what is wrong in its files.
    """
    from darknet_torch.datasets.opening import open_dataset

    data_set = open_dataset(
        Path(find_data(arguments["data"], arguments["cfg"])),
        images=arguments["images"],
        split=arguments["split"],
        names=arguments["names"],
        voc_origin=arguments["voc_origin"],
    )
    problems = data_set.problems
    for problem in problems[:_SHOWN]:
        warn(problem.what, where=problem.where)
    if len(problems) > _SHOWN:
        warn(f"{len(problems) - _SHOWN} more problems like these", where=data_set.origin)
    return data_set
