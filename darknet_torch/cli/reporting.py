"""Warnings of a command: printed to standard error, or raised under --strict."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

from darknet_torch.cli.options import ReportingOptions, is_quiet
from darknet_torch.cli.terminal import echo
from darknet_torch.errors import CfgError, CfgNote, CfgWarning, DarknetError, warn

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import Problem

SHOWN_PROBLEMS = 10  # of a data set that are printed before the others are only counted

_SHOWN_NOTES = "darknet_torch.notes"  # key in the memory of the running command


@contextmanager
def report_other_warnings() -> Iterator[None]:
    """Print the warnings that the block issues outside of `report_warnings`, at once.

    The running command's --quiet silences them, in whatever thread they are issued.
    """
    started = click.get_current_context(silent=True)
    with warnings.catch_warnings():
        warnings.simplefilter("always", CfgWarning)

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if not issubclass(category, CfgWarning):
                text = warnings.formatwarning(message, category, filename, lineno, line)
                echo(text, err=True, nl=False)
                return
            quiet = started is not None and is_quiet(started)
            _print_warning(ReportingOptions(quiet=quiet), category, str(message))

        warnings.showwarning = show
        yield


@contextmanager
def report_warnings(options: ReportingOptions) -> Iterator[list[CfgWarning]]:
    """Print the warnings that the block issues, at its end.

    Yields:
        A list that holds them after the block.

    Raises:
        CfgError: under --strict, if there were any; its message lists all of them.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CfgWarning)
        found: list[CfgWarning] = []
        try:
            yield found
        except DarknetError:
            _print(options, caught)
            raise
    found += [one.message for one in caught if isinstance(one.message, CfgWarning)]
    raised = _print(options, caught)
    if options.strict and raised:
        raise CfgError("\n  ".join([f"refused under --strict ({len(raised)}):", *raised]))


@contextmanager
def report_warnings_at_once(options: ReportingOptions) -> Iterator[None]:
    """Print warnings as `report_warnings` does; under --strict the first one ends the block.

    It is for blocks that write files, which must not be written then.
    """
    if not options.strict:
        with report_warnings(options):
            yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error", CfgWarning)
        warnings.simplefilter("ignore", CfgNote)
        try:
            yield
        except CfgWarning as warning:
            raise CfgError(f"refused under --strict: {warning}") from None


def _print(options: ReportingOptions, caught: Iterable[warnings.WarningMessage]) -> list[str]:
    """Print notes, and the warnings that --strict does not raise; return all warnings."""
    raised = []
    for warning in caught:
        is_note = issubclass(warning.category, CfgNote)
        raised += [] if is_note else [str(warning.message)]
        if is_note or not options.strict:
            _print_warning(options, warning.category, str(warning.message))
    return raised


def _print_warning(options: ReportingOptions, category: type[Warning], text: str) -> None:
    """Print a warning, or a note that the running command has not printed yet."""
    if issubclass(category, CfgNote):
        context = click.get_current_context(silent=True)
        shown: set[str] = (
            set() if context is None else context.meta.setdefault(_SHOWN_NOTES, set())
        )
        if text in shown:
            return
        shown.add(text)
        options.print_remark(f"note: {text}")
    else:
        options.print_remark(f"warning: {text}")


def warn_of_problems(problems: Sequence[Problem], origin: str) -> None:
    """Warn of the first problems of a data set, and say how many others there are.

    Args:
        problems: the problems.
        origin: the data set, for the message about the others.
    """
    for problem in problems[:SHOWN_PROBLEMS]:
        warn(
            problem.what,
            where=problem.where,
            expected=problem.expected,
            got=problem.got,
            fix=problem.fix,
            category=CfgNote if problem.is_note else CfgWarning,
        )
    if len(problems) > SHOWN_PROBLEMS:
        warn(
            f"{len(problems) - SHOWN_PROBLEMS} more problems like these",
            where=origin,
            fix="dtorch dataset check lists them",
        )


def exit_if_problems(problems: Sequence[Problem]) -> None:
    """Print problems and notes to standard error; exit with 1 if there are problems."""
    from darknet_torch.datasets.problem_list import first_problems

    listed = list(first_problems(problems))
    for problem in listed:
        if problem.is_note:
            echo(f"note: {problem}", err=True)
    exit_if_any([f"{item.kind}: {item}" for item in listed if not item.is_note])


def exit_if_any(errors: Sequence[object]) -> None:
    """Print what went wrong to standard error; exit with 1 if anything did."""
    for error in errors:
        echo(f"dtorch: {error}", err=True)
    if errors:
        click.get_current_context().exit(1)
