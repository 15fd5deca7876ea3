"""Reads YAML that others wrote: whatever is wrong with it becomes an error. No torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from darknet_torch.errors import UsageError
from darknet_torch.reading import guarded, read_at_most
from darknet_torch.text import ascii_compatible, decode_text

_LARGEST = 128 * 1024  # bytes; the names of thousands of classes fit
_DEEPEST = 10  # lists and maps in each other
_EXPECTED = "a YAML file such as data.yaml, with train, val and names"


class _TextLoader(yaml.BaseLoader):
    """Reads lists, maps and texts: numbers and words such as no stay as they are written.

    It makes no objects, as `yaml.SafeLoader` makes none. It refuses aliases, through which a short
    file can stand for more than fits into memory, and deep nesting, which takes long to read.
    """

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return a node as `yaml.BaseLoader` does.

        Raises:
            ComposerError: it is an alias, or lies too deep.
        """
        if self.check_event(yaml.events.AliasEvent):
            mark = self.current_event.start_mark if self.current_event else None
            raise yaml.composer.ComposerError(None, None, "an alias (*name)", mark)
        if self._depth == _DEEPEST:
            mark = self.current_event.start_mark if self.current_event else None
            raise yaml.composer.ComposerError(None, None, "lists or maps in each other", mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def read_yaml(file: Path) -> Any:
    """The content of a YAML file, in which every scalar is a text; not to be changed.

    Raises:
        UsageError: the file cannot be read, is too large, is not YAML, is nested too deeply, or
            has aliases.
    """
    return _read(file, _EXPECTED, _load)


@lru_cache(maxsize=1)  # a command asks for the file of a data set ten times
def _load(text: str) -> Any:
    return yaml.load(text, _TextLoader)


def read_yaml_nodes(file: Path, *, expected: str) -> yaml.Node | None:
    """The content of a YAML file with its line numbers; None for an empty file.

    Args:
        file: the file.
        expected: what it should be, for messages.

    Raises:
        UsageError: as `read_yaml`.
    """
    return _read(file, expected, lambda text: yaml.compose(text, _TextLoader))


def _read(file: Path, expected: str, parse: Callable[[str], Any]) -> Any:
    with guarded(file, expected=expected, what="not valid YAML"):
        data = read_at_most(file, _LARGEST, expected=expected, fix="leave out everything else")
        try:
            return parse(decode_text(ascii_compatible(data)).lstrip("\ufeff"))
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            got = error.problem
            raise UsageError(
                "not valid YAML", where=f"{file}{line}", expected=expected, got=got
            ) from error
