"""The values of --freeze and --phase. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from darknet_torch.errors import UsageError, nearest
from darknet_torch.text import whole_number
from darknet_torch.training.option_values import WholeNumber

BACKBONE = "backbone"
_YES, _NO = ("1", "true", "yes", "on", ""), ("0", "false", "no", "off")
_EXAMPLE = "such as 500:freeze=backbone or 2000:lr=0.1,freeze=0"


class FreezeValue:
    """A number of layers, or "backbone"."""

    def parse(self, value: Any) -> int | str:
        if isinstance(value, str):
            text = value.strip()
            if text == BACKBONE:
                return text
            number = whole_number(text)
            if number is None:
                raise ValueError
            return number
        return WholeNumber(0).parse(value)

    def __str__(self) -> str:
        return f"a number of layers, 0 or more, or {BACKBONE!r}"


class PhaseValue:
    """A phase of a training: ``ITERATIONS[:OPTION=VALUE,...]``.

    The parsed value is the same text, without spaces and with the names of options as
    `PHASE_OPTIONS` has them.
    """

    def parse(self, value: Any) -> str:
        """Return the phase as text.

        Raises:
            TypeError: it is neither text nor a number.
            UsageError: an option does not exist, or a value is wrong.
        """
        if not isinstance(value, str):
            value = str(WholeNumber(1).parse(value))
        iterations, options = parse_phase(value)
        listed = ",".join(f"{name}={_text(one)}" for name, one in options.items())
        return f"{iterations}:{listed}" if listed else str(iterations)

    def __str__(self) -> str:
        return f"a phase, ITERATIONS[:OPTION=VALUE,...], {_EXAMPLE}"


def parse_phase(text: str) -> tuple[int, dict[str, Any]]:
    """The iterations of a phase, and its options by their names.

    Raises:
        UsageError: the text is no phase; the message says which part is wrong.
    """
    length, colon, listed = "".join(text.split()).partition(":")
    if not whole_number(length):
        raise _error(text, "the iterations of the phase, 1 or more, before a colon", length)
    options: dict[str, Any] = {}
    for word in listed.split(",") if colon else ():
        if not word:
            raise _error(text, "OPTION=VALUE after each colon or comma", word)
        name, equals, value = word.partition("=")
        name = name.replace("-", "_").lower()
        if name not in PHASE_OPTIONS:
            raise _unknown(text, word, name)
        if name in options:
            raise _error(text, f"{name} once", f"{name} twice")
        expected, read = PHASE_OPTIONS[name]
        try:
            if not equals and name != "freeze_bn":
                raise ValueError
            options[name] = read(value)
        except ValueError:
            raise _error(text, f"{name}= with {expected}", word) from None
    if {"freeze", "unfreeze"} <= set(options):
        raise _error(text, "freeze= or unfreeze=", "both")
    return int(length), options


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        return WholeNumber(least).parse(int(text))

    return read


def _factor(text: str) -> float:
    factor = float(text)
    if not (math.isfinite(factor) and factor > 0):
        raise ValueError
    return factor


def _flag(text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise ValueError
    return text.lower() in _YES


# What a phase may change -> its values, and what reads them.
PHASE_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "freeze": (str(FreezeValue()), FreezeValue().parse),
    "unfreeze": ("a number of layers, 1 or more", _whole(1)),
    "freeze_bn": ("1 or 0", _flag),
    "lr": ("a factor above 0 on the learning rate", _factor),
    "width": ("pixels, 1 or more", _whole(1)),
    "height": ("pixels, 1 or more", _whole(1)),
}


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _error(text: str, expected: str, got: str) -> UsageError:
    return UsageError(
        "is not a phase",
        where=f"--phase {text}",
        expected=expected,
        got=got or "nothing",
        fix=f"write ITERATIONS[:OPTION=VALUE,...], {_EXAMPLE}",
    )


def _unknown(text: str, word: str, name: str) -> UsageError:
    close = "lr" if name in ("learning_rate", "rate") else nearest(name, PHASE_OPTIONS)
    return UsageError(
        "a phase has no such option",
        where=f"--phase {text}",
        expected=f"options of {', '.join(PHASE_OPTIONS)}",
        got=word,
        fix=f"did you mean {close}=?"
        if close
        else "give it outside of --phase, for the whole training",
    )
