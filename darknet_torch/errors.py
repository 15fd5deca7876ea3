"""Errors and warnings.

    DarknetError
    ├── CfgError            a cfg that cannot be loaded
    │   └── UnsupportedError    Darknet knows it, this version does not
    ├── WeightsError        a weight file that does not fit, or is none
    ├── NamesError          a names file that does not fit
    ├── ImageError          a picture or video that cannot be read
    ├── DownloadError       a published file that no place gives
    ├── TrainingError       a training that cannot go on
    └── UsageError          options that contradict each other, a source that is not there

    CfgWarning              Darknet tolerates it, its author probably did not mean it
    └── CfgNote             worth knowing, never an error under ``--strict``

Every message reads: where, what, expected, got, what to do.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable


class _StructuredMessage(Exception):  # noqa: N818 (warnings are made of it, too)
    """What an error or a warning says, in parts.

    Args:
        what: what is wrong, one line.
        where: ``file``, or ``file:line``.
        expected: what would have been right.
        got: what was found instead.
        fix: what to do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        expected: object = None,
        got: object = None,
        fix: str | None = None,
    ) -> None:
        self.where, self.what, self.expected, self.got, self.fix = where, what, expected, got, fix
        super().__init__(compose(what, where=where, expected=expected, got=got, fix=fix))


class DarknetError(_StructuredMessage):
    """Base of every error a user can cause. Takes what, where, expected, got, fix."""


class CfgError(DarknetError):
    """A cfg that cannot be loaded."""


class UnsupportedError(CfgError):
    """Darknet has it, this version does not."""


class WeightsError(DarknetError):
    """A weight file that does not fit the network, or is no weight file."""


class NamesError(DarknetError):
    """A names file that is missing or does not fit the network."""


class ImageError(DarknetError):
    """A picture or video that is missing, empty, broken or of an unusable kind."""


class DownloadError(DarknetError):
    """A published file that no place gives."""


class UsageError(DarknetError):
    """Options that contradict each other, or a source that is not there."""


class TrainingError(DarknetError):
    """A training that cannot go on."""


class CfgWarning(_StructuredMessage, UserWarning):
    """Something in a cfg that Darknet tolerates and its author probably did not mean.

    Takes what, where, expected, got, fix, as the errors do.
    """


class CfgNote(CfgWarning):
    """Something in a cfg worth knowing, which is no fault."""


def compose(
    what: str,
    *,
    where: object = None,
    expected: object = None,
    got: object = None,
    fix: str | None = None,
) -> str:
    """One message of the house's form: where, what, expected, got, what to do."""
    text = f"{where}: {what}" if where is not None else what
    if expected is not None:
        text += f": expected {expected}"
    if got is not None:
        text += f"{',' if expected is not None else ':'} got {got}"
    if fix:
        text += f"; {fix}"
    return text


def warn(
    what: str,
    *,
    where: object = None,
    expected: object = None,
    got: object = None,
    fix: str | None = None,
    category: type[CfgWarning] = CfgWarning,
) -> None:
    """Issue a `CfgWarning` (or `category`) in the same form as the errors."""
    told = category(what, where=where, expected=expected, got=got, fix=fix)
    warnings.warn(told, stacklevel=2)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `word`, or None when none is alike."""
    found = difflib.get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return found[0] if found else None
