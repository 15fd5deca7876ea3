"""Checks of the arguments that programs pass: what was given, and what is accepted."""

from __future__ import annotations

import os
from numbers import Integral, Real

from darknet_torch.errors import UsageError

DEVICES = "auto, cpu, cuda, cuda:N or mps"  # where networks run


def described(value: object) -> str:
    """Return a value and its type as a message shows them: ``'0.5' (str)``.

    The content of large values, such as arrays, is left out.
    """
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    if value is None or value is True or value is False:
        return repr(value)
    if isinstance(value, str | Real | os.PathLike):
        return f"{value!r} ({name})"
    return name


def check_fraction(name: str, value: object) -> float:
    """Return an argument that is a number from 0 to 1.

    Args:
        name: the argument's name.
        value: what was passed; Python's and NumPy's numbers are accepted.

    Raises:
        UsageError: it is not a number, or outside 0 to 1.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        got = described(value)
        raise UsageError(f"{name} is not a number", expected="a number from 0 to 1", got=got)
    number = float(value)
    if not 0 <= number <= 1:
        raise UsageError(f"{name} is out of its bounds", expected="0 to 1", got=value)
    return number


def check_count(name: str, value: object, *, least: int) -> int:
    """Return an argument that is a whole number of at least `least`.

    Args:
        name: the argument's name.
        value: what was passed; Python's and NumPy's whole numbers are accepted.
        least: the lowest number that is allowed.

    Raises:
        UsageError: it is not a whole number, or too low.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        expected = f"a whole number, {least} or more"
        raise UsageError(f"{name} is not a whole number", expected=expected, got=described(value))
    number = int(value)
    if number < least:
        raise UsageError(f"{name} is out of its bounds", expected=f"{least} or more", got=value)
    return number


def check_flag(name: str, value: object) -> bool:
    """Return an argument that is True or False.

    Args:
        name: the argument's name.
        value: what was passed; NumPy's booleans are accepted.

    Raises:
        UsageError: it is neither.
    """
    import numpy as np  # options of commands are checked without it

    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"{name} is not a switch", expected="True or False", got=described(value))
    return bool(value)


def check_path(name: str, value: object, *, expected: str) -> str | os.PathLike[str]:
    """Return an argument that is a path.

    Args:
        name: the argument's name.
        value: what was passed; text and paths are accepted, bytes are not.
        expected: what the path leads to, for the message.

    Raises:
        UsageError: it is not a path.
    """
    if not isinstance(value, str | os.PathLike):
        raise UsageError(f"{name} is not a path", expected=expected, got=described(value))
    return value
