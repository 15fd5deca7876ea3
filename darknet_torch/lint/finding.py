"""Findings: what `dtorch check` reports."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from darknet_torch.errors import CfgNote, CfgWarning, DarknetError, format_message


class Severity(Enum):
    """The severity of a finding.

    An error stops Darknet or makes it compute nonsense. A warning is about something that is
    probably not intended. A note is worth knowing but not wrong.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        severity: how serious it is.
        where: ``file``, or ``file:line``.
        what: what is wrong, in one line.
        expected: what would be right, or empty.
        got: what was found instead, or empty.
        fix: what the user can do, or empty.
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
        """Return the parts as plain values, for JSON."""
        return {**asdict(self), "severity": self.severity.value}


def make_finding(severity: Severity, where: object, what: str, **details: object) -> Finding:
    """Make a finding from values of any type.

    Args:
        details: expected, got, fix; those that are None are left out.
    """
    texts = {key: str(value) for key, value in details.items() if value is not None}
    return Finding(severity, str(where), what, **texts)


def error(where: object, what: str, **details: object) -> Finding:
    """Make a finding about something that stops Darknet or makes it compute nonsense."""
    return make_finding(Severity.ERROR, where, what, **details)


def warning(where: object, what: str, **details: object) -> Finding:
    """Make a finding about something that is probably not intended."""
    return make_finding(Severity.WARNING, where, what, **details)


def note(where: object, what: str, **details: object) -> Finding:
    """Make a finding about something that is worth knowing but not wrong."""
    return make_finding(Severity.NOTE, where, what, **details)


def finding_from_error(raised: DarknetError) -> Finding:
    """Make a finding from an error that was raised."""
    parts = {"expected": raised.expected, "got": raised.got, "fix": raised.fix}
    return error(raised.where or "", raised.what, **parts)


@contextmanager
def collect_findings(found: list[Finding]) -> Iterator[None]:
    """Add the block's warnings to `found`, and the error that ends the block, if one does.

    The error is not raised further: the program continues after the block.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CfgWarning)
        try:
            yield
        except DarknetError as raised:
            found += _findings_from_warnings(caught)
            found.append(finding_from_error(raised))
            return
    found += _findings_from_warnings(caught)


def finding_from_warning(message: CfgWarning) -> Finding:
    """Make a finding from a warning: a note if it is a note, too."""
    severity = Severity.NOTE if isinstance(message, CfgNote) else Severity.WARNING
    parts = {"expected": message.expected, "got": message.got, "fix": message.fix}
    return make_finding(severity, message.where or "", message.what, **parts)


def _findings_from_warnings(caught: Iterable[warnings.WarningMessage]) -> list[Finding]:
    messages = [item.message for item in caught]
    return [finding_from_warning(item) for item in messages if isinstance(item, CfgWarning)]
