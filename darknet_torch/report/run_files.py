"""Reads the files of a training, which may be missing, or cut off by a kill. No torch.

Each function adds a sentence to `faults` for a file that cannot be used.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darknet_torch.cfg.grammar import Section, read_cfg
from darknet_torch.errors import CfgError, CfgWarning, UsageError
from darknet_torch.reading import guarded, read_lines
from darknet_torch.text import is_file
from darknet_torch.training.records.table import ITERATION, Row, Table

_DEEPEST = 10  # lists and objects in each other; records have 4


def read_text(path: Path, faults: list[str]) -> str:
    """Return the text of a file; "" if it cannot be read."""
    try:
        return read_lines(path, lambda data: data.decode("utf-8", "replace"))
    except UsageError as error:
        faults.append(str(error))
        return ""


def read_rows(path: Path, faults: list[str]) -> Sequence[Row]:
    """Return the rows of a table of results that are whole."""
    if not is_file(path):
        faults.append(f"{path}: no such file, so there are no curves")
        return ()
    table = Table(path)
    try:
        table.read(until=sys.maxsize)
    except UsageError as error:
        faults.append(str(error))
    rows = [row for row in table.rows if row[ITERATION] >= 0]
    if not rows:
        faults.append(f"{path}: has no whole row yet")
    return rows


def read_object(path: Path, faults: list[str]) -> Mapping[str, Any]:
    """Return the object of a JSON file, `_DEEPEST` levels deep at most; {} if there is none."""
    text = read_text(path, faults)
    try:
        with guarded(path, what="is no whole JSON"):
            found = json.loads(text or "{}")
            if _is_deeper(found, _DEEPEST):
                raise ValueError(f"lists or objects in each other, over {_DEEPEST} deep")
    except UsageError as error:
        faults.append(str(error))
        return {}
    return found if isinstance(found, dict) else {}


def _is_deeper(value: object, levels: int) -> bool:
    """Whether a value of JSON has more than `levels` lists and objects in each other."""
    if not isinstance(value, list | dict):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inside)


def read_sections(path: Path, faults: list[str]) -> Sequence[Section]:
    """Return the sections of a cfg; () if it cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)  # the training has reported them
        try:
            return read_cfg(path)
        except CfgError as error:
            faults.append(str(error))
            return ()
