"""A file that is half there: its bytes, and where they came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darknet_torch.files import write_text


@dataclass(frozen=True)
class Part:
    """The first bytes of a file, beside a note of the answer that they were part of.

    Attributes:
        path: the bytes.
    """

    path: Path

    @classmethod
    def of(cls, target: Path) -> Part:
        """The part that becomes `target`."""
        return cls(target.with_name(f".{target.name}.part"))

    @property
    def length(self) -> int:
        """How many bytes are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self, url: str) -> str:
        """What tells the file that `url` gave before from another; empty if nothing does."""
        try:
            note: Any = json.loads(self._note.read_bytes())
            return str(note["validator"]) if note["url"] == url else ""
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, url: str, validator: str) -> None:
        """Drop the bytes; those that follow are from `url`.

        Raises:
            OSError, UsageError: it cannot be written.
        """
        self.drop()
        self.path.touch()
        write_text(self._note, json.dumps({"url": url, "validator": validator}))

    def drop(self) -> None:
        """Remove the bytes and the note."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Rename it to `target`."""
        self.path.replace(target)
        self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")
