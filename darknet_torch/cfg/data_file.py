"""Darknet's .data files: the paths of a data set's lists, names and results. No torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.grammar import Location
from darknet_torch.cfg.numbers import INT32_MAX, read_integer
from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.reading import guarded, read_at_most
from darknet_torch.text import backslash_fix, path_exists, path_lines, resolve_listed

_LARGEST = 2**16  # bytes; such a file has some lines
_EXPECTED = "a .data file, with lines key=value"
_BLANKS = " \t\r\n"
_WHITE_SPACE = str.maketrans("", "", _BLANKS)
# Spellings that a shell or another program would understand, and what to write instead. They
# count only where the path does not exist.
_MISSPELLINGS = (
    (re.compile(r"""(["']).*\1"""), "leave out the quotation marks"),
    (re.compile(r".*\s[#;]"), "write the comment on a line of its own"),
    (
        re.compile(r"~(/|$)|.*\$\{?[A-Za-z_]"),
        "write the folder itself, which a shell puts there",
    ),
    (re.compile(r".*\\\s"), "leave out the backslash before the space: only a shell needs it"),
)


@dataclass(frozen=True)
class DataValue:
    """The value of a key in a .data file.

    Attributes:
        text: the value as Darknet reads it, without any white space.
        spelling: the value as it is written, with the white space inside.
        key: its key.
        where: its line.
    """

    text: str
    spelling: str
    key: str
    where: Location

    @property
    def number(self) -> int | None:
        """The value as a number from 0, as a C int holds it; None if it is none."""
        if not (self.text.isascii() and self.text.isdecimal()):
            return None
        found = read_integer(self.text)
        return found[0] if found is not None and found[0] <= INT32_MAX else None

    def path(self) -> Path:
        """Return the path that the value stands for, whether or not it exists; see `resolve`.

        Darknet drops the spaces inside a path. Where that path does not exist and more folders
        of the written one do, the written one is taken.

        Raises:
            UsageError: the path does not exist and is written with quotation marks, a comment
                after it, ``~`` or ``$HOME``, a backslash before a space, or backslashes where
                they separate no folders.

        Warns:
            CfgNote: Darknet's path does not exist, and the written one is another.
        """
        squeezed, written = (resolve(self.where.file, name) for name in (self.text, self.spelling))
        if path_exists(squeezed):
            return squeezed
        taken = written if _existing_parts(written) > _existing_parts(squeezed) else squeezed
        self._check_spelling(taken)
        if self.text != self.spelling:
            warn(
                "Darknet drops the spaces inside a path",
                where=self.where,
                expected=f"{self.key}={self.text}",
                got=f"{self.key}={self.spelling}",
                fix=f"{taken} is taken here, but Darknet itself needs a path without spaces",
                category=CfgNote,
            )
        return taken

    def _check_spelling(self, path: Path) -> None:
        """Refuse a missing path with a spelling that makes another path of it."""
        fixes = (fix for spelling, fix in _MISSPELLINGS if spelling.match(self.spelling))
        fix = None if path_exists(path) else next(fixes, backslash_fix(path))
        if fix is not None:
            raise UsageError(
                f"{self.key}= does not exist",
                where=self.where,
                expected="a path of this system",
                got=f"{self.key}={self.spelling}",
                fix=fix,
            )


def _existing_parts(path: Path) -> int:
    """Return how many of a path and the folders above it exist."""
    return sum(map(path_exists, (path, *path.parents)))


def read_data_file(path: str | Path) -> dict[str, DataValue]:
    """Read the key=value lines of a .data file.

    If a key occurs twice, the first one counts.

    Args:
        path: the file. Its bytes become paths as `text.decode_path` says.

    Returns:
        The value of each key. Comments and lines without a value are left out.

    Raises:
        UsageError: the file does not exist, cannot be read or is much larger than any.

    Source: option_list.c read_data_cfg.
    """
    with guarded(path, expected=_EXPECTED, fix=backslash_fix(path)):
        data = read_at_most(path, _LARGEST, expected=_EXPECTED, fix="is it a .data file?")
        lines = path_lines(data)
    found: dict[str, DataValue] = {}
    for number, line in enumerate(lines, 1):
        stripped = line.translate(_WHITE_SPACE)
        key, equals, value = stripped.partition("=")
        if equals and value and stripped[0] not in "#;":
            spelling = line.partition("=")[2].strip(_BLANKS)
            where = Location(str(path), number)
            found.setdefault(key, DataValue(value, spelling, key, where))
    return found


def resolve(list_file: str | Path, name: str) -> Path:
    """Return the path that `name`, written in `list_file`, stands for: see `resolve_listed`."""
    return Path(resolve_listed(list_file, name))
