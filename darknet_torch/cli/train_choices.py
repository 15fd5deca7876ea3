"""The options of `dtorch train` that `darknet_torch.training.choices` declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from darknet_torch.cli.options import all_options
from darknet_torch.cli.parameter_types import FiniteRange, WholeRange
from darknet_torch.training.choices.declaration import Declared, declared_choices
from darknet_torch.training.choices.every import TrainChoices
from darknet_torch.training.option_values import (
    Choice,
    Flag,
    Number,
    PositiveNumber,
    Repeated,
    ValueKind,
    WholeNumber,
)

_F = TypeVar("_F", bound=Callable[..., Any])


class _Text(click.ParamType[Any]):
    """Text that a kind of values parses."""

    def __init__(self, kind: ValueKind) -> None:
        self.kind, self.name = kind, str(kind)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        try:
            return self.kind.parse(value)
        except (TypeError, ValueError):  # their texts are Python's, such as those of float()
            self.fail(f"{value!r} is not {self.kind}", param, ctx)


def type_of(kind: ValueKind) -> click.ParamType[Any]:
    """The type of a parameter that takes the values of a kind."""
    if isinstance(kind, WholeNumber):
        return WholeRange(kind.least, kind.most)
    if isinstance(kind, Number):
        return click.FloatRange(*kind.bounds) if kind.bounds else click.FLOAT
    if isinstance(kind, PositiveNumber):
        return FiniteRange(min=0, min_open=True)
    if isinstance(kind, Choice):
        return click.Choice(kind.words)
    return _Text(kind.kind if isinstance(kind, Repeated) else kind)


def _option(name: str, declared: Declared) -> Callable[[_F], _F]:
    dashed = f"--{name.replace('_', '-')}"
    if isinstance(declared.kind, Flag):
        spelling = f"{dashed}/--no-{dashed[2:]}" if declared.default else dashed
        is_flag = True if not declared.default else None
        return click.option(
            spelling, name, is_flag=is_flag, default=declared.default, help=declared.help
        )
    return click.option(
        dashed,
        name,
        type=type_of(declared.kind),
        multiple=isinstance(declared.kind, Repeated),
        default=declared.default,
        show_default=declared.default not in (None, ()),
        metavar=declared.metavar,
        help=declared.help,
    )


def options_of(group: type) -> Callable[[_F], _F]:
    """Decorate a command with the options that a dataclass declares."""
    return all_options(
        *(_option(name, declared) for name, declared in declared_choices(group).items())
    )


def option_of(name: str, **more: Any) -> Callable[[_F], _F]:
    """Decorate a command with one of the options, perhaps with other values of its declaration."""
    return _option(name, replace(declared_choices(TrainChoices)[name], **more))


CHOICES = frozenset(declared_choices(TrainChoices))
