"""Edits of a cfg's text: some values change, every other byte stays unchanged."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from darknet_torch.cfg.grammar import Entry, Section

# Groups: the key, "=" and blanks; the value; blanks, a comment, the end of a Windows line.
_LINE = re.compile(r"([^=]*=[ \t]*)(.*?)([ \t]*(?:#.*)?\r?)", re.DOTALL)


@dataclass(frozen=True)
class LineChange:
    """A line that an edit changed, added or deleted.

    Attributes:
        line: its number in the new text, from 1; a deleted line has the number of the line that
            took its place.
        old: the line in the original, None if it was added.
        new: the line in the new text, None if it was deleted.
    """

    line: int
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.old is None:
            return f"{(self.new or '').strip()}   (new line)"
        new = "(line deleted)" if self.new is None else self.new.strip()
        return f"{self.old.strip()}  ->  {new}"


class CfgEdit:
    """The text of a cfg in which values are changed.

    Args:
        text: the text of the cfg, one character for each byte. The methods take the sections
            that `parse_cfg` reads from this text.
    """

    def __init__(self, text: str) -> None:
        self._original = text.split("\n")
        # By the index of an original line: the line that replaces it, None if it is deleted,
        # and the value of each key that is added after it.
        self._replaced: dict[int, str | None] = {}
        self._added: dict[int, dict[str, str]] = defaultdict(dict)

    @property
    def text(self) -> str:
        """The whole text with the changes made so far."""
        return "\n".join(line for lines in self._lines() for line in lines)

    def set(self, section: Section, key: str, value: str) -> None:
        """Give `key` a value.

        The value is written into the line that Darknet reads, the first of the key. If the key
        has none, a line is added right after the section's own. A later call for the same key
        replaces an earlier one. A line that has this value already keeps its blanks.
        """
        entry = section.first().get(key)
        if entry is None or entry.value is None:
            # A line without a value may follow, and the first line of a key counts.
            self._added[section.where.line - 1][key] = value
            return
        index = entry.where.line - 1
        self._replaced.pop(index, None)
        if not same_value(entry.value, value):
            match = _LINE.fullmatch(self._original[index])
            if match is None:
                raise AssertionError("a line with a value has the form key=value")
            self._replaced[index] = match[1] + value + match[3]

    def remove(self, section: Section, key: str) -> None:
        """Delete every line of `key` in `section`."""
        for entry in section.entries:
            if entry.key == key:
                self._replaced[entry.where.line - 1] = None

    def changes(self) -> list[LineChange]:
        """Return the lines that differ from the original, from top to bottom."""
        found, number = [], 1
        for index, (old, lines) in enumerate(zip(self._original, self._lines(), strict=True)):
            if index in self._replaced:
                found.append(LineChange(number, old, self._replaced[index]))
            number += len(lines)
            first_added = len(lines) - len(self._added.get(index, ()))
            for line, text in enumerate(lines[first_added:], number - len(lines) + first_added):
                found.append(LineChange(line, None, text))
        return found

    def _lines(self) -> list[list[str]]:
        """Return the lines of the edited text that replace each line of the original."""
        lines = []
        for index, old in enumerate(self._original):
            line = self._replaced.get(index, old)
            end = "\r" if old.endswith("\r") else ""
            added = [f"{key}={value}{end}" for key, value in self._added.get(index, {}).items()]
            lines.append([*([] if line is None else [line]), *added])
        return lines


def same_value(old: str | None, new: str) -> bool:
    """Whether a value read from a cfg equals `new`, apart from blanks and a comment."""
    return (old or "").partition("#")[0] == new.replace(" ", "")


def value_text(value: object) -> str:
    """Write a number or a tuple of numbers as a cfg does, float32 to its last digit."""
    if isinstance(value, tuple):
        return ",".join(map(value_text, value))
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def with_values(section: Section, values: Mapping[str, object]) -> Section:
    """The section with other values of some keys; a key keeps its line, for messages."""
    lines = section.first()
    entries = (
        Entry(key, value_text(value), lines[key].where if key in lines else section.where)
        for key, value in values.items()
    )
    return replace(section, entries=(*entries, *section.entries))  # the first of a key counts
