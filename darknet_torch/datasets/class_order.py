"""Says in which order the classes of a data set without a list of them were taken. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from darknet_torch.cfg.zoo import read_names
from darknet_torch.datasets.opening import recognise
from darknet_torch.errors import CfgNote, NamesError, warn
from darknet_torch.text import is_file

_SHOWN = 20  # names in a message


def warn_of_class_order(data: Path, names: Sequence[str], names_file: Path | None) -> None:
    """Say that classes without a list of their own are in alphabetical order.

    Args:
        data: the data set, opened without given names; only those whose classes are named in
            XML or CSV files alone have no order of their own.
        names: the names of its classes, in the order that was taken.
        names_file: the names next to the cfg, in whose order the network may have been
            trained; it may be missing.

    Warns:
        CfgWarning: `names_file` has other names, or the same in another order.
        CfgNote: it has not.
    """
    form, path = recognise(data)
    if not form.names_are_sorted(path):
        return
    wanted = None if names_file is None else _read(names_file)
    if wanted is None or wanted == list(names):
        warn(
            f"classes in alphabetical order: {_listed(names)}",
            where=data,
            fix="--names FILE gives another order",
            category=CfgNote,
        )
        return
    warn(
        f"the classes are taken in alphabetical order, not as in {names_file}",
        where=data,
        expected=_listed(wanted),
        got=_listed(names),
        fix=f"--names {names_file} takes the order of that file",
    )


def _read(names_file: Path) -> list[str] | None:
    if not is_file(names_file):  # `read_names` would take a shipped file of that name
        return None
    try:
        return list(read_names(names_file))
    except NamesError:
        return None


def _listed(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
