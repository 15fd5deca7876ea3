"""What forms share in which a file holds a whole split, and a folder a file for each. No torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from darknet_torch.datasets.forms.base import Form, missing_split
from darknet_torch.datasets.split_names import in_order
from darknet_torch.errors import UsageError
from darknet_torch.text import is_folder


class FilePerSplit(Form):
    """A file that is one split, or a folder with a file for each split.

    Attributes:
        suffix: of the files, in lower case.
        kind: what the files are called in messages.
    """

    is_one_split = True
    suffix: ClassVar[str]
    kind: ClassVar[str]

    @abstractmethod
    def files(self, folder: Path) -> list[Path]:
        """The files of the data set in a folder; empty if there is none."""

    @abstractmethod
    def split_of(self, file: Path, folder: Path | None) -> str:
        """The split that a file is by its name; `folder` is the data set's, None for a file."""

    def locate(self, path: Path) -> Path | None:
        if is_folder(path):
            return path if self.files(path) else None
        return path if path.suffix.lower() == self.suffix else None

    def splits(self, path: Path) -> list[str]:
        return in_order(self.by_split(path))

    def named_files(self, path: Path) -> Iterator[Path]:
        if is_folder(path):
            yield from self.files(path)

    def by_split(self, path: Path) -> dict[str, Path]:
        """The file of each split.

        Raises:
            UsageError: two files are of the same split.
        """
        if not is_folder(path):
            return {self.split_of(path, None): path}
        found: dict[str, Path] = {}
        for file in self.files(path):
            split = self.split_of(file, path)
            if split in found:
                raise UsageError(
                    f"several {self.kind} for the split {split!r}",
                    where=path,
                    expected="one for each split",
                    got=f"{found[split]}, {file}",
                    fix=f"give one of them, such as --data {file}",
                )
            found[split] = file
        return found

    def file_of(self, path: Path, split: str) -> Path:
        """The file of a split; a file is the only one, whatever the split is called.

        Raises:
            UsageError: a folder has no such split.
        """
        if not is_folder(path):
            return path
        files = self.by_split(path)
        if split not in files:
            raise missing_split(path, split, in_order(files))
        return files[split]
