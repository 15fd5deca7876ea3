"""Editing a cfg's text: some values change, every other byte stays."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from darknet_torch.cfg.grammar import Section

# key= and blanks, the value, blanks and a comment and the end of a Windows line.
_LINE = re.compile(r"([^=]*=[ \t]*)(.*?)([ \t]*(?:#.*)?\r?)", re.DOTALL)


@dataclass(frozen=True)
class Changed:
    """A line that an edit changed.

    Attributes:
        line: its number in the new text; of a deleted line, the number it would have.
        old: as it was, None for a new one.
        new: as it is, None for one that is gone.
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
    """A cfg's text while values are changed; the last `set` of a key counts.

    Args:
        text: of the cfg, a character a byte. Sections are those that `parse_cfg` gives of it.
    """

    def __init__(self, text: str) -> None:
        self._original = text.split("\n")
        # By the index of a line: what it becomes, None for nothing; and what comes behind it.
        self._replaced: dict[int, str | None] = {}
        self._added: dict[int, dict[str, str]] = defaultdict(dict)

    @property
    def text(self) -> str:
        """All of it as it is now."""
        return "\n".join(line for lines in self._lines() for line in lines)

    def set(self, section: Section, key: str, value: str) -> None:
        """Write `value` in the line that counts, or as a line behind the section's own.

        A value that says the same already keeps its blanks.
        """
        entry = section.first().get(key)
        if entry is None or entry.value is None:
            # The first line behind the section's own is the one that counts.
            self._added[section.where.line - 1][key] = value
            return
        index = entry.where.line - 1
        self._replaced.pop(index, None)
        if not same_value(entry.value, value):
            match = _LINE.fullmatch(self._original[index])
            if match is None:
                raise AssertionError("a line with a value has the form of one")
            self._replaced[index] = match[1] + value + match[3]

    def remove(self, section: Section, key: str) -> None:
        """Delete every line of `key`."""
        for entry in section.entries:
            if entry.key == key:
                self._replaced[entry.where.line - 1] = None

    def changes(self) -> list[Changed]:
        """The lines that differ from the original, from top to bottom."""
        found, number = [], 1
        for index, (old, lines) in enumerate(zip(self._original, self._lines(), strict=True)):
            if index in self._replaced:
                found.append(Changed(number, old, self._replaced[index]))
            number += len(lines)
            first_added = len(lines) - len(self._added.get(index, ()))
            for line, text in enumerate(lines[first_added:], number - len(lines) + first_added):
                found.append(Changed(line, None, text))
        return found

    def _lines(self) -> list[list[str]]:
        """For each line of the original, the lines that it has become."""
        lines = []
        for index, old in enumerate(self._original):
            now = self._replaced.get(index, old)
            end = "\r" if old.endswith("\r") else ""
            added = [f"{key}={value}{end}" for key, value in self._added.get(index, {}).items()]
            lines.append([*([] if now is None else [now]), *added])
        return lines


def same_value(old: str | None, new: str) -> bool:
    """Whether a value read from a cfg says what `new` says, its blanks and comment aside."""
    return (old or "").partition("#")[0] == new.replace(" ", "")
