"""The parameters of transforms: what values each takes, and its documentation. No torch.

A value comes from a YAML file, where every scalar is a text, or from Python.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

_KEY = "parameter"


class ParameterKind(Protocol):
    """The values that a parameter takes."""

    def parse(self, value: Any) -> Any:
        """The value for the transform.

        Raises:
            ValueError: it is none of those that the kind takes.
        """

    def __str__(self) -> str:
        """Which values these are, for messages and documentation."""


@dataclass(frozen=True)
class Fraction:
    """A number in 0-1."""

    def parse(self, value: Any) -> float:
        return _within(_number(value), 0, 1)

    def __str__(self) -> str:
        return "0 to 1"


@dataclass(frozen=True)
class WholeNumber:
    """A whole number in its bounds, which are included."""

    least: int
    most: int

    def parse(self, value: Any) -> int:
        return _whole(_within(_number(value), self.least, self.most))

    def __str__(self) -> str:
        return f"a whole number, {self.least} to {self.most}"


@dataclass(frozen=True)
class Range:
    """Two numbers, between which each picture gets one at random, or one number for all."""

    least: float
    most: float

    def parse(self, value: Any) -> tuple[float, float]:
        low, high = _pair(value)
        if low > high:
            raise ValueError
        return _within(low, self.least, self.most), _within(high, self.least, self.most)

    def __str__(self) -> str:
        return f"[a, b] from {self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class WholeRange(Range):
    """Two whole numbers; those between them, and they themselves, are equally likely."""

    def parse(self, value: Any) -> tuple[int, int]:
        low, high = super().parse(value)
        return _whole(low), _whole(high)

    def __str__(self) -> str:
        return f"{super().__str__()}, whole numbers"


@dataclass(frozen=True)
class Word:
    """One of some words."""

    words: tuple[str, ...]

    def parse(self, value: Any) -> str:
        if value not in self.words:
            raise ValueError
        return value

    def __str__(self) -> str:
        return " or ".join(self.words)


@dataclass(frozen=True)
class Parameter:
    """What is known of a parameter besides its name.

    Attributes:
        kind: its values.
        doc: what it does.
        default: its value where the file has none.
    """

    kind: ParameterKind
    doc: str
    default: Any


def parameter(default: Any, kind: ParameterKind, doc: str) -> Any:
    """A field of a dataclass that is a parameter of a transform; see `Parameter`."""
    return field(default=default, metadata={_KEY: Parameter(kind, doc, default)})


def parameters_of(transform: type) -> dict[str, Parameter]:
    """The parameters of a transform, by name."""
    return {one.name: one.metadata[_KEY] for one in fields(transform) if _KEY in one.metadata}


def _pair(value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple):
        number = _number(value)
        return number, number
    if len(value) != 2:
        raise ValueError
    return _number(value[0]), _number(value[1])


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _within(number: float, least: float, most: float) -> float:
    if not least <= number <= most:
        raise ValueError
    return number


def _whole(number: float) -> int:
    if number != int(number):
        raise ValueError
    return int(number)
