"""Members of a list by the text NAME[:KEY=VALUE,...], with typed parameters. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from darknet_torch.errors import UsageError, nearest

_KIND = "kind"


class ParameterKind(Protocol):
    """The values that a parameter takes."""

    def read(self, text: str) -> Any:
        """Return the value.

        Raises:
            ValueError: the text is none.
        """

    def __str__(self) -> str:
        """Which values these are, for messages."""


@dataclass(frozen=True)
class NumberAbove:
    """A finite number above a bound."""

    bound: float

    def read(self, text: str) -> float:
        number = float(text)
        if not self.bound < number < math.inf:
            raise ValueError
        return number

    def __str__(self) -> str:
        return f"a number above {self.bound:g}"


@dataclass(frozen=True)
class NumberFrom:
    """A number in its bounds, which are included."""

    least: float
    most: float = math.inf

    def read(self, text: str) -> float:
        number = float(text)
        if not self.least <= number <= self.most or math.isinf(number):
            raise ValueError
        return number

    def __str__(self) -> str:
        if math.isinf(self.most):
            return f"a number, {self.least:g} or more"
        return f"a number, {self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Whole:
    """A whole number, `least` or more."""

    least: int

    def read(self, text: str) -> int:
        number = int(text)
        if number < self.least:
            raise ValueError
        return number

    def __str__(self) -> str:
        return f"a whole number, {self.least} or more"


@dataclass(frozen=True)
class Increasing:
    """Numbers above 0 with + between them, each larger than the one before."""

    def read(self, text: str) -> tuple[float, ...]:
        numbers = tuple(NumberAbove(0).read(part) for part in text.split("+"))
        if any(second <= first for first, second in pairwise(numbers)):
            raise ValueError
        return numbers

    def __str__(self) -> str:
        return "increasing numbers above 0 with + between them, such as 30+60"


@dataclass(frozen=True)
class OneOf:
    """One of some words."""

    words: tuple[str, ...]

    def read(self, text: str) -> str:
        if text not in self.words:
            raise ValueError
        return text

    def __str__(self) -> str:
        return " or ".join(self.words)


def parameter(default: Any, kind: ParameterKind) -> Any:
    """A field of a member that its text may set."""
    return field(default=default, metadata={_KIND: kind})


class Member:
    """What a name stands for: a frozen dataclass whose fields are its parameters.

    Attributes:
        name: as users write it.
        main: the parameter that a value without a key sets; empty for none.
        exclusive: parameters of which one at most may be given.
        is_listed: whether messages name it as one to choose.
    """

    name: ClassVar[str]
    main: ClassVar[str] = ""
    exclusive: ClassVar[tuple[str, ...]] = ()
    is_listed: ClassVar[bool] = True


M = TypeVar("M", bound=Member)


class Members(Generic[M]):
    """The values of an option: the texts of a list's members. See `ValueKind`.

    Args:
        option: for messages, such as "--schedule".
        members: the classes of the list.
    """

    def __init__(self, option: str, *members: type[M]) -> None:
        self.option = option
        self.members: Mapping[str, type[M]] = {one.name: one for one in members}

    def __str__(self) -> str:
        return f"NAME[:KEY=VALUE,...] with a NAME of {', '.join(self._listed)}"

    @property
    def _listed(self) -> list[str]:
        return [name for name, member in self.members.items() if member.is_listed]

    def parse(self, value: Any) -> str:
        """Check the text of a member, and return it without white space.

        Raises:
            TypeError: it is no string.
            UsageError: there is no such member, no such parameter, or a value is out of bounds.
        """
        if not isinstance(value, str):
            raise TypeError
        text = "".join(value.split())
        self.member(text)
        return text

    def member(self, text: str) -> M:
        """The member of a text.

        Raises:
            UsageError: as `parse`.
        """
        name, _, rest = text.partition(":")
        if name not in self.members:
            close = nearest(name, self._listed)
            raise UsageError(
                f"{self.option} has no such name",
                expected=f"one of {', '.join(self._listed)}",
                got=name or repr(text),
                fix=f"did you mean {close}?" if close else None,
            )
        kind = self.members[name]
        values: dict[str, Any] = {}
        for part in rest.split(",") if rest else ():
            key, value = self._read(kind, part, text)
            if key in values:
                raise UsageError(f"{key} is given twice", where=self._place(text))
            values[key] = value
        self._check_exclusive(kind, values, text)
        return kind(**values)

    def _read(self, kind: type[M], part: str, text: str) -> tuple[str, Any]:
        """The parameter and the value of KEY=VALUE, or of a value for the main parameter."""
        declared = declared_parameters(kind)
        key, sign, value = part.partition("=")
        if not sign and kind.main and key not in declared:
            key, value = kind.main, part
        if key not in declared:
            close = nearest(key, declared)
            raise UsageError(
                f"{kind.name} has no such parameter",
                where=self._place(text),
                expected=f"one of {', '.join(declared)}" if declared else "no parameter",
                got=key or repr(part),
                fix=f"did you mean {close}=?" if close else None,
            )
        try:
            return key, declared[key].read(value)
        except ValueError:
            raise UsageError(
                f"{key} is out of its bounds" if value else f"{key} has no value",
                where=self._place(text),
                expected=declared[key],
                got=value or repr(part),
            ) from None

    def _check_exclusive(self, kind: type[M], values: Mapping[str, Any], text: str) -> None:
        given = [name for name in kind.exclusive if name in values]
        if len(given) > 1:
            raise UsageError(
                f"{' and '.join(given)} exclude each other",
                where=self._place(text),
                expected="one of them",
                got=" and ".join(f"{name}={values[name]:g}" for name in given),
            )

    def _place(self, text: str) -> str:
        return f"{self.option} {text}"


def declared_parameters(member: type[Any]) -> dict[str, ParameterKind]:
    """The parameters of a member and their values, by name."""
    return {one.name: one.metadata[_KIND] for one in fields(member) if _KIND in one.metadata}
