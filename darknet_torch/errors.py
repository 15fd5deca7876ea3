"""The errors and warnings of the package, and the form of their messages.

    DarknetError
    ├── CfgError            a cfg that cannot be loaded
    │   └── UnsupportedError    Darknet supports it, this version does not
    ├── WeightsError        a weight file that does not fit the network, or is not a weight file
    ├── NamesError          a names file that is missing or does not fit the network
    ├── ImageError          a picture or video that cannot be read
    ├── DownloadError       a published file that could not be downloaded from any server
    ├── TrainingError       a training that cannot continue
    │   └── DivergenceError     its loss is not a finite number any more
    └── UsageError          options that contradict each other, or an input that does not exist
        └── ArgumentError       an argument that a function does not take, also a TypeError

    CfgWarning              Darknet tolerates it, its author probably did not mean it
    └── CfgNote             worth knowing, never an error under ``--strict``

Every message reads: where, what, expected, got, what to do.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from darknet_torch.printable import escape_controls, escape_in_line

_LONGEST_VALUE, _SHOWN = 1000, 60  # characters of a wrong value in a message
_LONGEST_PART, _PART_SHOWN = 10_000, 500  # of its other parts; no path is as long
_silent: ContextVar[bool] = ContextVar("no warnings", default=False)


class _StructuredMessage(Exception):  # noqa: N818 (warnings inherit from it, too)
    """An error or a warning whose message is also available in parts; see `DarknetError`."""

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        expected: object = None,
        got: object = None,
        fix: str | None = None,
    ) -> None:
        self.where: object = where
        self.what: str = what
        self.expected: object = expected
        self.got: object = got
        self.fix: str | None = fix
        super().__init__(format_message(what, where=where, expected=expected, got=got, fix=fix))


class DarknetError(_StructuredMessage):
    """Base class of every error that a user can cause; its message is all parts together.

    Args:
        what: what is wrong, in one line.
        where: ``file``, or ``file:line``; like the parts that follow, None if it says nothing.
        expected: what would have been right.
        got: what was found instead.
        fix: what the user can do about it.

    Attributes:
        what, where, expected, got, fix: the arguments, unchanged.
    """


class CfgError(DarknetError):
    """A cfg that cannot be loaded."""


class UnsupportedError(CfgError):
    """Something that Darknet supports and this version does not."""


class WeightsError(DarknetError):
    """A weight file that does not fit the network, or is not a weight file."""


class NamesError(DarknetError):
    """A names file that is missing or does not fit the network."""


class ImageError(DarknetError):
    """A picture or video that is missing, empty, broken or in an unusable format."""


class DownloadError(DarknetError):
    """A published file that could not be downloaded from any server."""


class UsageError(DarknetError):
    """Options that contradict each other, or an input that does not exist."""


class ArgumentError(UsageError, TypeError):
    """An argument that a function does not take, or one of a type that it does not take."""


class TrainingError(DarknetError):
    """A training that cannot continue."""


class DivergenceError(TrainingError):
    """A training whose loss is not a finite number any more."""


class CfgWarning(_StructuredMessage, UserWarning):
    """Something in a cfg that Darknet tolerates and its author probably did not mean.

    Takes what, where, expected, got, fix, like the errors.
    """


class CfgNote(CfgWarning):
    """Something in a cfg that is worth knowing but not wrong."""


def format_message(
    what: str,
    *,
    where: object = None,
    expected: object = None,
    got: object = None,
    fix: str | None = None,
) -> str:
    """Join the parts of a message: ``where: what: expected ..., got ...; fix``.

    Control characters, which may come from a file or a server, are shown as ``\\x1b``; where it
    was found, and what, stay in one line. Of a part that is very long, such as the key of a broken
    file, the start is shown.

    Args:
        what, where, expected, got, fix: as `_StructuredMessage` takes them; parts that are None
            are left out.
    """
    text = _shorten_part(what)
    if where is not None:
        text = f"{escape_in_line(_shorten_part(str(where)))}: {text}"
    if expected is not None:
        text += f": expected {_shorten_part(str(expected))}"
    if got is not None:
        shown = escape_in_line(_shorten(str(got)))
        text += f"{',' if expected is not None else ':'} got {shown}"
    if fix:
        text += f"; {_shorten_part(fix)}"
    return escape_controls(text)


def counted(count: int, word: str) -> str:
    """Return a number and what it counts, such as ``1 box`` and ``2 boxes``."""
    ending = "" if count == 1 else "es" if word.endswith("x") else "s"
    return f"{count} {word}{ending}"


def _shorten(text: str, longest: int = _LONGEST_VALUE, shown: int = _SHOWN) -> str:
    """Return the start of a text that would hide the rest of the message."""
    if len(text) <= longest:
        return text
    return f"{text[:shown]}... ({len(text)} characters)"


def _shorten_part(text: str) -> str:
    return _shorten(text, _LONGEST_PART, _PART_SHOWN)


def warn(
    what: str,
    *,
    where: object = None,
    expected: object = None,
    got: object = None,
    fix: str | None = None,
    category: type[CfgWarning] = CfgWarning,
) -> None:
    """Issue a warning whose message has the same form as the messages of errors.

    Args:
        what, where, expected, got, fix: as `_StructuredMessage` takes them.
        category: the class of the warning.
    """
    if _silent.get():
        return
    warning = category(what, where=where, expected=expected, got=got, fix=fix)
    warnings.warn(warning, stacklevel=2)


@contextmanager
def without_warnings() -> Iterator[None]:
    """Issue no warnings with `warn` in this block, in this thread alone."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def nearest(word: str, candidates: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the candidate spelled most like `word`, or None if none is similar enough.

    Messages suggest it: ``did you mean 'burn_in'?``.

    Args:
        word: what was written.
        candidates: what could have been meant.
        cutoff: the least similarity, 0-1, as `difflib.SequenceMatcher.ratio` computes it.
    """
    matches = difflib.get_close_matches(word, list(candidates), n=1, cutoff=cutoff)
    return matches[0] if matches else None
