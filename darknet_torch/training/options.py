"""The options of a training, by their names in Python, and the values that each takes. No torch.

The command line takes the same values: `darknet_torch.cli.train` makes its types from these.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol

from darknet_torch.arguments import DEVICES
from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.errors import ArgumentError, UsageError, nearest
from darknet_torch.ops.precision_names import PRECISIONS
from darknet_torch.other_names import own_names


class ValueKind(Protocol):
    """The values that an option takes."""

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
    """A whole number in its bounds, which are included."""

    least: int
    most: int | None = None

    def parse(self, value: Any) -> int:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # of NumPy, too
        if number < self.least or (self.most is not None and number > self.most):
            raise ValueError
        return number

    def __str__(self) -> str:
        bounds = f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"
        return f"a whole number, {bounds}"


@dataclass(frozen=True)
class Number:
    """A number in its bounds, which are included; without these what it is for sets them."""

    bounds: tuple[float, float] | None = None

    def parse(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError
        number = float(value)
        if self.bounds and not self.bounds[0] <= number <= self.bounds[1]:
            raise ValueError
        return number

    def __str__(self) -> str:
        return f"a number, {self.bounds[0]:g} to {self.bounds[1]:g}" if self.bounds else "a number"


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


_POSITIVE, _NOT_NEGATIVE, _FRACTION = WholeNumber(1), WholeNumber(0), Number((0, 1))
_FLAG, _PATH = Flag(), PathOrName()

# The name of each option -> its values. They mean what `TrainPlan` says of its fields of the same
# names; gpus and processes replace device.
TRAIN_OPTIONS: Mapping[str, ValueKind] = {
    "weights": _PATH,
    "backup": _PATH,
    "split": Word(),
    "valid_split": Word(),
    "names": _PATH,
    "images": _PATH,
    "voc_origin": WholeNumber(0, 1),
    "exif": _FLAG,
    "max_batches": _POSITIVE,
    "epochs": _POSITIVE,
    "scale_schedule": _FLAG,
    "learning_rate": Number(),
    "batch": _POSITIVE,
    "subdivisions": _POSITIVE,
    "width": _POSITIVE,
    "height": _POSITIVE,
    "bn_momentum": _FRACTION,
    "augment": _FLAG,
    "overfit": _POSITIVE,
    "map": _FLAG,
    "iou": _FRACTION,
    "map_every": _POSITIVE,
    "clear": _FLAG,
    "resume": _FLAG,
    "overwrite": _FLAG,
    "save_every": _POSITIVE,
    "save_last": _NOT_NEGATIVE,
    "seed": _NOT_NEGATIVE,
    "workers": _NOT_NEGATIVE,
    "threads": _POSITIVE,
    "device": Device(),
    "gpus": GpuNumbers(),
    "processes": _POSITIVE,
    "precision": Choice(PRECISIONS),
    "checkpoint_activations": _FLAG,
    "dialect": Choice(tuple(DIALECTS)),
    "darknet_bugs": Choice(("fix", "reproduce")),
    "exact_order": _FLAG,
}


def parse_options(options: Mapping[str, Any], also: Iterable[str] = ()) -> dict[str, Any]:
    """Check options that were given in Python.

    Args:
        options: by name; None stands for an option that is not given.
        also: other names that the function takes, for the advice about an unknown one.

    Returns:
        Those that are given, as the plan has them.

    Raises:
        ArgumentError: there is no such option, or its value is of another type.
        UsageError: a value is out of bounds.
    """
    found = {}
    for name, value in options.items():
        if name not in TRAIN_OPTIONS:
            raise _unknown(name, (*TRAIN_OPTIONS, *also))
        if value is not None:
            found[name] = parse_option(name, value, TRAIN_OPTIONS[name])
    return found


def parse_option(name: str, value: Any, kind: ValueKind) -> Any:
    """Check one argument of a function; see `parse_options`."""
    try:
        return kind.parse(value)
    except TypeError:
        raise ArgumentError(
            f"{name}= is of a wrong type",
            expected=kind,
            got=f"{value!r} ({type(value).__name__})",
        ) from None
    except ValueError:
        raise UsageError(f"{name}= is out of its bounds", expected=kind, got=repr(value)) from None


def _unknown(name: str, known: Iterable[str]) -> ArgumentError:
    known = list(known)
    near = nearest(name, known)
    close = own_names(name, known) or ([near] if near else [])
    return ArgumentError(
        "a training has no such option",
        expected=f"one of {', '.join(known)}",
        got=f"{name}=",
        fix=f"did you mean {' and '.join(f'{own}=' for own in close)}?" if close else None,
    )
