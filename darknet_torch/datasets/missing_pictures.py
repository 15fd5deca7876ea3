"""Keeps pictures that do not exist out of what is written. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from darknet_torch.datasets.examples import DataSet, Problem
from darknet_torch.errors import UsageError
from darknet_torch.text import is_file, refusal

MISSING = "missing picture"
_SHOWN = 3  # pictures in a message


def refuse_without_pictures(splits: Mapping[str, DataSet]) -> None:
    """Check that a data set has a picture that exists, unless it lists none.

    Raises:
        UsageError: none of its pictures exists.
    """
    paths = dict.fromkeys(item.path for data in splits.values() for item in data.examples)
    if not paths or any(map(is_file, paths)):
        return
    shown = ", ".join(map(str, list(paths)[:_SHOWN]))
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    raise UsageError(
        "none of the pictures exists",
        where=next(data.origin for data in splits.values() if data.examples),
        expected="pictures where the data set names them",
        got=f"no {shown}{more}",
        fix="put them there; or, for a COCO or CSV file, give their folder with --images DIR",
    )


def leave_out_missing(splits: Mapping[str, DataSet]) -> dict[str, DataSet]:
    """The splits without the pictures that do not exist; each of these becomes a problem.

    Raises:
        UsageError: none of the pictures exists.
    """
    refuse_without_pictures(splits)
    found = {}
    for name, data in splits.items():
        there = tuple(item for item in data.examples if is_file(item.path))
        missing = tuple(
            Problem(MISSING, str(item.path), refusal(item.path) or "no such picture")
            for item in data.examples
            if not is_file(item.path)
        )
        found[name] = replace(data, examples=there, problems=(*data.problems, *missing))
    return found
