"""Darknet's cfg grammar: turns bytes into sections of key=value entries.

All white space is dropped, inside a line too. A line that starts with ``#`` or ``;`` is
a comment. Where a key occurs twice in a section, the first one wins. Nothing here knows what
a section means.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from darknet_torch.errors import CfgError, warn
from darknet_torch.reading import guarded, read_at_most
from darknet_torch.text import ascii_compatible, backslash_fix

_WHITE_SPACE = str.maketrans("", "", " \t\r\n")
_ENCODING = "latin-1"  # maps every byte to a character and back
_BYTE_ORDER_MARK = codecs.BOM_UTF8.decode(_ENCODING)
_LARGEST = 2**24  # bytes; published cfgs have 60,000 at most
_MOST_LINES = 50_000  # sections and options; published cfgs have 3,000 at most


@dataclass(frozen=True)
class Location:
    """A place in a file: its path and a line from 1. Prints as ``file:line``."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Entry:
    """One ``key=value`` line; `value` is None where the line has no ``=``."""

    key: str
    value: str | None
    where: Location


@dataclass(frozen=True)
class Section:
    """One ``[name]`` with its entries in the order of the file, duplicates included."""

    name: str
    where: Location
    entries: tuple[Entry, ...]

    def first(self) -> dict[str, Entry]:
        """Return the entry that counts for each key: the first one.

        Source: option_list.c option_find.
        """
        found: dict[str, Entry] = {}
        for entry in self.entries:
            found.setdefault(entry.key, entry)
        return found


def read_cfg(path: str | Path) -> list[Section]:
    """Read the sections of a cfg file.

    Args:
        path: the file; any byte is legal, see `decode_cfg`.

    Raises:
        CfgError: the file does not exist, cannot be read, or is not a cfg (see `parse_cfg`).

    Source: parser.c read_cfg, option_list.c read_option, utils.c strip (AlexeyAB).
    """
    return parse_cfg(read_cfg_text(path), str(path))


def read_cfg_text(path: str | Path) -> str:
    """Return the text of a cfg file, one character for each byte.

    Raises:
        CfgError: the file does not exist, cannot be read or is much larger than any cfg.
    """
    with guarded(path, error=CfgError):
        try:
            return decode_cfg(
                read_at_most(path, _LARGEST, expected="a cfg", fix="is it a cfg?", error=CfgError)
            )
        except FileNotFoundError:
            raise CfgError("no such cfg file", where=path, fix=backslash_fix(path)) from None


def decode_cfg(data: bytes) -> str:
    """Return the bytes of a cfg as text, one character for each byte; UTF-16 becomes UTF-8."""
    return ascii_compatible(data).decode(_ENCODING)


def encode_cfg(text: str) -> bytes:
    """Return the bytes of `decode_cfg`'s text: the inverse, unless the file was UTF-16."""
    return text.encode(_ENCODING)


def parse_cfg(text: str, file: str = "<cfg>") -> list[Section]:
    """Split the text of a cfg into its sections.

    Args:
        text: one character for each byte; a byte-order mark at its start is skipped.
        file: the name of the file in messages.

    Raises:
        CfgError: there are no sections, or many more lines than in any cfg, an option precedes
            the first section, a section's line has no bracket at its end, or the text is binary,
            one line for Darknet, or a web page.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK)
    _check_is_text(text, file)
    found: list[tuple[str, Location, list[Entry]]] = []
    for number, stripped in _content(text, file):
        where = Location(file, number)
        if stripped[0] == "[":
            found.append((_section_name(stripped, where), where, []))
        elif found:
            found[-1][2].extend(_entry(stripped, where))
        else:
            raise CfgError(
                "an option before the first section",
                where=where,
                expected="[net]",
                got=repr(stripped),
            )
    if not found:
        raise CfgError("no sections in this file", where=file, expected="[net] and layers")
    sections = [Section(name, where, tuple(entries)) for name, where, entries in found]
    for section in sections:
        _warn_of_duplicates(section)
    return sections


def _content(text: str, file: str) -> list[tuple[int, str]]:
    """Return the lines with a section or an option, without white space, and their numbers."""
    lines = enumerate((line.translate(_WHITE_SPACE) for line in text.split("\n")), 1)
    content = ((number, line) for number, line in lines if line and line[0] not in "#;")
    found = list(islice(content, _MOST_LINES + 1))
    if len(found) > _MOST_LINES:
        raise CfgError(
            "too many lines",
            where=Location(file, found[-1][0]),
            expected=f"{_MOST_LINES} sections and options at most",
            fix="is it a cfg?",
        )
    return found


def _check_is_text(text: str, file: str) -> None:
    if "\0" in text[:64]:
        raise CfgError(
            "this is not plain text",
            where=file,
            expected="a cfg",
            fix="swap the cfg and the weights, or save it as UTF-8",
        )
    if "\r" in text and "\n" not in text:
        raise CfgError(
            "its lines end with CR alone, so that Darknet reads it as one line",
            where=file,
            expected="lines that end with LF, or CR LF",
            got="no LF",
            fix="save it with the line ends of Unix or Windows",
        )
    if text.lstrip()[:1] == "<":
        raise CfgError(
            "this is a web page or XML, not a cfg",
            where=file,
            fix="download the raw file",
        )


def _section_name(line: str, where: Location) -> str:
    if not line.endswith("]"):
        raise CfgError(
            "a section's line must end with its bracket",
            where=where,
            expected=f"{line.partition(']')[0]}]",
            got=repr(line),
            fix="move a comment to a line of its own",
        )
    return line[1:-1]


def _entry(line: str, where: Location) -> list[Entry]:
    key, equals, value = line.partition("=")
    if not equals:
        warn(
            f"not a key=value line; Darknet then takes the default of {key!r}",
            where=where,
            got=repr(line),
        )
        return [Entry(key, None, where)]
    if not value:
        warn(f"'{key}=' has no value, Darknet ignores the line", where=where)
        return []
    return [Entry(key, value, where)]


def _warn_of_duplicates(section: Section) -> None:
    first = section.first()
    for entry in section.entries:
        winner = first[entry.key]
        if winner is not entry and winner.value != entry.value:
            shown = "without a value" if winner.value is None else winner.value
            warn(
                f"'{entry.key}' again in this [{section.name}]: "
                f"line {winner.where.line} ({shown}) counts",
                where=entry.where,
                got=entry.value,
                fix="delete one of the two",
            )
