"""What a check finds."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from darknet_torch.errors import CfgNote, CfgWarning, DarknetError, format_message


class Severity(Enum):
    """How bad a finding is: an error stops Darknet or makes nonsense, a note is no fault."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        where: ``file``, or ``file:line``.
        what: is wrong, one line.
        expected: what would have been right, empty if that goes without saying.
        got: what is there instead, or empty.
        fix: what to do, or empty.
    """

    severity: Severity
    where: str
    what: str
    expected: str = ""
    got: str = ""
    fix: str = ""

    def __str__(self) -> str:
        message = format_message(
            self.what,
            where=self.where or None,
            expected=self.expected or None,
            got=self.got or None,
            fix=self.fix or None,
        )
        return f"{self.severity.value}: {message}"

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**asdict(self), "severity": self.severity.value}


def make(severity: Severity, where: object, what: str, **details: object) -> Finding:
    """A finding; `details` are expected, got, fix, of any type."""
    texts = {key: str(value) for key, value in details.items() if value is not None}
    return Finding(severity, str(where), what, **texts)


def error(where: object, what: str, **details: object) -> Finding:
    """A finding that stops Darknet or makes nonsense."""
    return make(Severity.ERROR, where, what, **details)


def warning(where: object, what: str, **details: object) -> Finding:
    """A finding that is probably not meant."""
    return make(Severity.WARNING, where, what, **details)


def note(where: object, what: str, **details: object) -> Finding:
    """A finding that is no fault."""
    return make(Severity.NOTE, where, what, **details)


def of_error(told: DarknetError) -> Finding:
    """What an error says."""
    return error(told.where or "", told.what, expected=told.expected, got=told.got, fix=told.fix)


@contextmanager
def collecting(found: list[Finding]) -> Iterator[None]:
    """Add to `found` what the block warns of, and the error that ends it.

    An error is swallowed: the block is then left early.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CfgWarning)
        try:
            yield
        except DarknetError as told:
            found += _of_warnings(caught)
            found.append(of_error(told))
            return
    found += _of_warnings(caught)


def _of_warnings(caught: Iterable[warnings.WarningMessage]) -> list[Finding]:
    found = []
    for item in caught:
        told = item.message
        if isinstance(told, CfgWarning):
            severity = Severity.NOTE if isinstance(told, CfgNote) else Severity.WARNING
            parts = {"expected": told.expected, "got": told.got, "fix": told.fix}
            found.append(make(severity, told.where or "", told.what, **parts))
    return found
