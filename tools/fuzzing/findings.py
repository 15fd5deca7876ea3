"""Inputs that a reader does not refuse as it should, one for each place in the code."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from darknet_torch.files import write_bytes
from tools.fuzzing.targets import Target

_PACKAGE = "darknet_torch"
_MOST_TRIES = 400  # runs of a target to make one input smaller
_UNSAFE = re.compile(r"[^\w.-]+")


def finding_key(error: BaseException) -> str:
    """Return what the same mistake has in common: the error's type, and where it came from.

    The place is the innermost line of the package, as ``coco.py-205``.
    """
    frames = list(traceback.extract_tb(error.__traceback__))
    own = [frame for frame in frames if _PACKAGE in Path(frame.filename).parts] or frames
    place = own[-1]
    return _UNSAFE.sub("-", f"{type(error).__name__}-{Path(place.filename).name}-{place.lineno}")


@dataclass
class Findings:
    """Runs a target on inputs, and keeps the smallest input of each finding in a folder.

    Attributes:
        target: what reads the inputs.
        folder: gets a file for each finding, named by `finding_key`.
        work: an existing folder for the target's files.
        smallest: the length of the file of each finding.
    """

    target: Target
    folder: Path
    work: Path
    smallest: dict[str, int] = field(default_factory=dict)

    def try_input(self, data: bytes) -> str | None:
        """Run the target; return the key of the finding, or None if there is none."""
        try:
            self.target.run(data, self.work)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            return finding_key(error)
        return None

    def check(self, data: bytes) -> None:
        """Run the target, and keep the input if it is the smallest of its finding so far."""
        key = self.try_input(data)
        if key is not None and len(data) < self.smallest.get(key, len(data) + 1):
            self.smallest[key] = len(data)
            write_bytes(self.folder / key, data)

    def minimise(self) -> None:
        """Make each file smaller, as long as the finding stays the same."""
        for file in sorted(self.folder.iterdir()):
            write_bytes(file, self._minimised(file.read_bytes(), file.name))

    def _minimised(self, data: bytes, key: str) -> bytes:
        tries, step = 0, max(1, len(data) // 2)
        while step and tries < _MOST_TRIES:
            start = 0
            while start < len(data) and tries < _MOST_TRIES:
                shorter = data[:start] + data[start + step :]
                tries += 1
                if self.try_input(shorter) == key:
                    data = shorter
                else:
                    start += step
            step //= 2
        return data
