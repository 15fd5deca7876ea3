"""The first bytes of a file that is being downloaded, and where they came from."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darknet_torch.errors import UsageError
from darknet_torch.files import write_text
from darknet_torch.reading import guarded
from darknet_torch.temporary_files import create_file
from darknet_torch.text import read_bytes


@dataclass(frozen=True)
class PartialDownload:
    """The first bytes of a file, with a note next to them that says where they came from.

    Attributes:
        path: the file with the bytes.
    """

    path: Path

    @classmethod
    def for_target(cls, target: Path) -> PartialDownload:
        """The partial download that will become `target`."""
        return cls(target.with_name(f".{target.name}.part"))

    @property
    def length(self) -> int:
        """The number of bytes so far; 0 if there is no file, or a symbolic link of its name."""
        is_file = self.path.is_file() and not self.path.is_symlink()
        return self.path.stat().st_size if is_file else 0

    def validator(self, url: str) -> str:
        """The ETag or date of the file that the bytes came from; "" if they are not from `url`."""
        with suppress(UsageError), guarded(self._note):
            note: Any = json.loads(read_bytes(self._note))
            return str(note["validator"]) if note["url"] == url else ""
        return ""

    def start(self, url: str, validator: str) -> None:
        """Discard the bytes, and note that the following ones come from `url`.

        Args:
            url: of the file.
            validator: its ETag or date; "" if the server gave none.

        Raises:
            OSError, UsageError: the files cannot be written.
        """
        self.discard()
        create_file(self.path, 0o666).close()
        write_text(self._note, json.dumps({"url": url, "validator": validator}))

    def discard(self) -> None:
        """Remove the bytes and the note."""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Rename the complete file to `target` and remove the note."""
        self.path.replace(target)
        self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")
