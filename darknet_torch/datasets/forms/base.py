"""What a form of data set is: how it is recognised and read. No torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.class_files import UNNAMED
from darknet_torch.datasets.examples import DataSet
from darknet_torch.datasets.split_names import whole_data_set
from darknet_torch.errors import UsageError


@dataclass(frozen=True)
class ReadOptions:
    """How to read a data set; see `opening.open_dataset`."""

    images: Path | None = None
    names: tuple[str, ...] = ()
    voc_origin: int = VOC_ORIGIN
    exif: bool = True


class Form(ABC):
    """A form in which data sets come.

    Attributes:
        key: its name in code and in `dataset_format`.
        title: its name in messages.
        is_one_split: whether a file of this form is one split, whatever it is called.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    is_one_split: ClassVar[bool] = False

    @abstractmethod
    def locate(self, path: Path) -> Path | None:
        """The file or folder of the data set at `path`; None if it does not have this form.

        Raises:
            UsageError: there are several.
        """

    @abstractmethod
    def splits(self, path: Path) -> list[str]:
        """The splits of the data set that `locate` returned, in order.

        Raises:
            UsageError: it cannot be read.
        """

    @abstractmethod
    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        """Read a split.

        Raises:
            UsageError, NamesError: it does not exist, or cannot be read.
        """

    def class_names(self, path: Path) -> tuple[str, ...]:
        """The class names; empty if the classes have none.

        Raises:
            UsageError, NamesError: as `splits` and `read`.
        """
        data = self.read(path, self.splits(path)[0], ReadOptions())
        is_unnamed = any(problem.kind == UNNAMED for problem in data.problems)
        return () if is_unnamed else data.names

    def named_files(self, path: Path) -> Iterable[Path]:
        """The lists and names of the data set, but not its pictures and labels."""
        return ()

    def names_are_sorted(self, path: Path) -> bool:
        """Whether its classes have no order but that of the alphabet."""
        return False


def missing_split(path: Path, split: str, available: Sequence[str]) -> UsageError:
    """The error about a split that a data set does not have."""
    fix = "choose a split with --split"
    if whole := whole_data_set(available):
        fix = f"dtorch dataset init {path} makes train and valid; or choose --split {whole}"
    return UsageError(
        f"no split {split!r}",
        where=path,
        expected=f"one of {', '.join(available)}",
        got=split,
        fix=fix,
    )


def only_one(found: Sequence[Path], folder: Path, what: str) -> Path | None:
    """The only path in `found`, or None if it is empty.

    Raises:
        UsageError: there are several.
    """
    if len(found) > 1:
        raise UsageError(
            f"several {what}",
            where=folder,
            expected="one, or the path of the one to read",
            got=", ".join(map(str, found)),
            fix=f"give one of them, such as --data {found[0]}",
        )
    return found[0] if found else None
