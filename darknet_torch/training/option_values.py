"""The values that the options of a training take. No torch."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol

from darknet_torch.arguments import DEVICES
from darknet_torch.cfg.numbers import INT32_MAX


class ValueKind(Protocol):
    """The values that an option takes, given in Python or as text on the command line.

    A parsed value is a plain one, which JSON keeps: a number, a string, True or False, a tuple of
    these. Parsing it again gives the same.
    """

    def parse(self, value: Any) -> Any:
        """Return the value as the plan has it.

        Raises:
            TypeError: it is of another type.
            ValueError: it is out of bounds.
        """

    def __str__(self) -> str:
        """Which values these are, for messages."""


@dataclass(frozen=True)
class WholeNumber:
    """A whole number in its bounds, which are included; without others those of C's int."""

    least: int
    most: int = INT32_MAX

    def parse(self, value: Any) -> int:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # of NumPy, too
        if not self.least <= number <= self.most:
            raise ValueError
        return number

    def __str__(self) -> str:
        if self.most < INT32_MAX:
            return f"a whole number, {self.least} to {self.most}"
        return f"a whole number, {self.least} or more, {self.most} at most"


@dataclass(frozen=True)
class Number:
    """A number in its bounds, which are included; without these what it is for sets them."""

    bounds: tuple[float, float] | None = None

    def parse(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError
        try:
            number = float(value)
        except OverflowError:  # a whole number of hundreds of digits
            raise ValueError from None
        if self.bounds and not self.bounds[0] <= number <= self.bounds[1]:
            raise ValueError
        return number

    def __str__(self) -> str:
        return f"a number, {self.bounds[0]:g} to {self.bounds[1]:g}" if self.bounds else "a number"


class PositiveNumber:
    """A finite number above 0."""

    def parse(self, value: Any) -> float:
        number = Number().parse(value)
        if not 0 < number < math.inf:
            raise ValueError
        return number

    def __str__(self) -> str:
        return "a number above 0"


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def parse(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value not in self.words:
            raise ValueError
        return value

    def __str__(self) -> str:
        return "one of " + ", ".join(map(repr, self.words))


class Flag:
    """True or False."""

    def parse(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError
        return value

    def __str__(self) -> str:
        return "True or False"


class Word:
    """A string."""

    def parse(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        return value

    def __str__(self) -> str:
        return "a string"


class PathOrName:
    """The path of a file or a folder, or a name that stands for one."""

    def parse(self, value: Any) -> str:
        path = os.fspath(value)
        if not isinstance(path, str):
            raise TypeError
        if not path:
            raise ValueError
        return path

    def __str__(self) -> str:
        return "a path"


class Device:
    """The name of a device, or a `torch.device`."""

    def parse(self, value: Any) -> str:
        if not isinstance(value, str) and type(value).__name__ != "device":
            raise TypeError
        return str(value)

    def __str__(self) -> str:
        return f"{DEVICES}, or a torch.device"


class GpuNumbers:
    """Numbers of GPUs."""

    def parse(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return ",".join(str(WholeNumber(0).parse(number)) for number in value)

    def __str__(self) -> str:
        return "numbers of GPUs, such as [0, 1] or '0,1'"


@dataclass(frozen=True)
class Repeated:
    """Several values of one kind, or a single one."""

    kind: ValueKind

    def parse(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str) or not isinstance(value, Iterable):
            return (self.kind.parse(value),)
        return tuple([self.kind.parse(one) for one in value])

    def __str__(self) -> str:
        return f"a list, each of it {self.kind}"
