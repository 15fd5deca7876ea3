"""Finds trainings by the paths of their folders. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.errors import UsageError
from darknet_torch.text import is_folder
from darknet_torch.training.run_folder import PLAN, RESULTS

_MOST_NAMED = 6  # trainings in a message


@dataclass(frozen=True)
class RunFolder:
    """Where a training has its files.

    Attributes:
        folder: with the files of one or more trainings.
        base: starts the names of its files, the stem of its cfg.
    """

    folder: Path
    base: str

    def path(self, suffix: str) -> Path:
        """The path of a file, such as that of "_best.weights"."""
        return self.folder / f"{self.base}{suffix}"


def find_run(path: str) -> RunFolder:
    """Find a training.

    Args:
        path: its folder, if it is the only one there; else the folder and the name of its cfg,
            as in runs/both/small or runs/both/small.cfg.

    Raises:
        UsageError: there is no training, or several are there.
    """
    given = Path(path)
    if is_folder(given):
        bases = _bases(given)
        if len(bases) == 1:
            return RunFolder(given, bases[0])
        if bases:
            raise UsageError(
                "several trainings are in this folder",
                where=path,
                expected="one training",
                got=_listed(bases),
                fix=f"name one of them, as in {given / bases[0]}",
            )
        raise _no_training(path, _trainings_within(given))
    folder, base = given.parent, given.name.removesuffix(".cfg")
    bases = _bases(folder)
    if base not in bases:
        found = [str(folder / name) for name in bases] or _trainings_within(folder)
        raise _no_training(path, found)
    return RunFolder(folder, base)


def _bases(folder: Path) -> list[str]:
    """Return the names of the trainings that have a plan or a table in a folder, sorted."""
    found = set()
    with suppress(OSError, ValueError):  # no such folder, or no name that the system takes
        for path in folder.iterdir():
            for suffix in (PLAN, RESULTS):
                if path.name.endswith(suffix) and path.name != suffix:
                    found.add(path.name.removesuffix(suffix))
    return sorted(found)


def _trainings_within(folder: Path) -> list[str]:
    """Return the folders in a folder that have trainings, sorted."""
    with suppress(OSError, ValueError):
        return sorted(str(path) for path in folder.iterdir() if path.is_dir() and _bases(path))
    return []


def _no_training(path: str, others: Sequence[str]) -> UsageError:
    return UsageError(
        "no training",
        where=path,
        expected=f"a folder that dtorch train wrote, with a file NAME{PLAN} or NAME{RESULTS}",
        got=f"trainings in {_listed(others)}" if others else "no such file",
        fix="name these, or some of them" if others else "give what --backup named, as runs/NAME",
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
