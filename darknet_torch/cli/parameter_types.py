"""Types of parameters that several commands share. No torch.

A command's parameters say with their type which files it reads (`PATH`) and which it writes
(`OUTPUT_FILE`, `OUTPUT_FOLDER`, `OUTPUT`); `cli.input_protection` keeps the latter off the former.
"""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from darknet_torch.cfg.numbers import INT32_MAX, INT64_MAX
from darknet_torch.errors import UsageError

STANDARD_STREAM = "-"
AUTO_BATCH = "auto"


class OutputPath(click.Path):
    """A file or a folder that a command writes; what cannot be written is refused at the start.

    Args:
        file: it may be a file. Its folder must exist.
        folder: it may be a folder, which need not exist, nor its parents.
    """

    def __init__(self, *, file: bool = False, folder: bool = False) -> None:
        super().__init__(readable=False)
        self.file, self.folder = file, folder

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        value = super().convert(value, param, ctx)
        self.check(value)
        return value

    def check(self, path: str) -> None:
        """Check that `path` is of this type and can be written.

        Raises:
            UsageError: it is a file instead of a folder, or the reverse; the folder to write into
                does not exist, or may not be written.
        """
        if path == STANDARD_STREAM:
            return
        real = Path(os.path.realpath(path))
        mode = _mode(real)
        is_folder, is_file = stat.S_ISDIR(mode), stat.S_ISREG(mode)
        if (is_folder and not self.folder) or (is_file and not self.file):
            raise UsageError(
                "cannot be written",
                where=path,
                expected="the path of a folder" if is_file else "the path of a file",
                got="a file" if is_file else "a folder",
                fix="give another path",
            )
        if is_folder or is_file or not mode:  # a device or a pipe is written directly
            _check_writable(self._folder_to_write(real), path)

    def _folder_to_write(self, path: Path) -> Path:
        """Return the folder in which the first new file or folder will be created."""
        if not self.folder or stat.S_ISREG(_mode(path)):
            return path.parent
        return next(one for one in (path, *path.parents) if _mode(one))


class WholeRange(click.IntRange):
    """A whole number in its bounds, which are included.

    That a number must fit into C's int, or a seed into 64 bits, is not shown in the help.
    """

    def __init__(self, least: int, most: int = INT32_MAX) -> None:
        super().__init__(least, most if most < INT32_MAX else None)
        self.most = most

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        number = super().convert(value, param, ctx)
        if number > self.most:
            self.fail(f"it is larger than {self.most}.", param, ctx)
        return number


class BatchSize(WholeRange):
    """A number of pictures per batch, or `AUTO_BATCH` to measure it."""

    name = "number or auto"

    def __init__(self) -> None:
        super().__init__(1)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return value if value == AUTO_BATCH else super().convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(AUTO_BATCH)] if AUTO_BATCH.startswith(incomplete) else []


def _check_writable(folder: Path, output: str) -> None:
    if not stat.S_ISDIR(_mode(folder)):
        raise UsageError(
            "cannot be written (No such file or directory)",
            where=output,
            expected="an existing folder to write into",
            got=f"no folder {folder}",
            fix="create it, or give a path in another folder",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(
            "cannot be written (Permission denied)",
            where=output,
            expected="a folder into which you may write",
            got=folder,
            fix="give a path in another folder",
        )


def _mode(path: Path) -> int:
    """Return the type and the permissions of what is at `path`; 0 if there is nothing."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


# The code that opens a file reports that it cannot be read, so click does not check that.
class FiniteRange(click.FloatRange):
    """A number within bounds. Unlike click's own type it refuses NaN and infinity."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class SignedSeed(click.types.IntParamType):
    """A seed of 64 bits that may be negative, as C's srand and PyTorch take it."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        number = super().convert(value, param, ctx)
        if abs(number) > INT64_MAX:
            self.fail(f"it is not between {-INT64_MAX} and {INT64_MAX}.", param, ctx)
        return number


PATH = click.Path(readable=False)
OUTPUT_FILE = OutputPath(file=True)
OUTPUT_FOLDER = OutputPath(folder=True)
OUTPUT = OutputPath(file=True, folder=True)
POSITIVE = WholeRange(1)
BATCH_SIZE = BatchSize()
NOT_NEGATIVE = WholeRange(0)
SEED = WholeRange(0, INT64_MAX)
SIGNED_SEED = SignedSeed()
AMOUNT = FiniteRange(min=0)
FRACTION = click.FloatRange(0, 1)
