"""Declares an option of a training: its default, its values, its line of help. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from darknet_torch.training.option_values import ValueKind

_KEY = "choice"


@dataclass(frozen=True)
class Declared:
    """What is known of an option besides its name.

    Attributes:
        kind: its values.
        help: the line of the command's help.
        default: the value of an option that is not given.
        metavar: what stands for its value in the help; None for the kind's own.
    """

    kind: ValueKind
    help: str
    default: Any
    metavar: str | None


def choice(default: Any, kind: ValueKind, help: str, *, metavar: str | None = None) -> Any:  # noqa: A002
    """A field of a dataclass that is an option of a training; see `Declared`."""
    declared = Declared(kind, help, default, metavar)
    return field(default=default, metadata={_KEY: declared})


def declared_choices(group: type) -> dict[str, Declared]:
    """The options that a dataclass declares, those of its bases included, by name."""
    return {one.name: one.metadata[_KEY] for one in fields(group) if _KEY in one.metadata}
