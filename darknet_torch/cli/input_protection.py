"""Keeps the outputs of the running command off the files that it reads. No torch.

What a command reads is known in two steps: first the files that its parameters name, which
`protect_named_inputs` takes from their types; then those that these lead to (the pictures of a
list, the names of a .data file), which the code that finds them hands to `protect_inputs`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from darknet_torch.cli.parameter_types import STANDARD_STREAM, OutputPath
from darknet_torch.errors import UsageError
from darknet_torch.input_files import StrPath, protected_inputs
from darknet_torch.text import is_file, path_exists

_STANDARD_INPUT = "/dev/stdin"  # the file that a shell reads with `<`; elsewhere no file


def protect_named_inputs() -> None:
    """Protect the files that the running command's parameters name, and standard input.

    Raises:
        UsageError: an output is one of them, or two outputs are the same file.
    """
    context = click.get_current_context()
    _check_distinct(_values(context, _is_output_file))
    named = _values(context, lambda kind: not isinstance(kind, OutputPath))
    protect_inputs([*named, _STANDARD_INPUT])


def protect_inputs(paths: Iterable[StrPath | None]) -> None:
    """Keep every output of the running command from replacing these files.

    Outputs that its parameters name are compared now, all others when they are written.

    Args:
        paths: the files that the command reads, as `InputFiles.add` takes them.

    Raises:
        UsageError: an output that a parameter names is one of them.
    """
    protected_inputs.add(paths)
    context = click.get_current_context(silent=True)
    for output in _values(context, _is_output_file) if context else ():
        protected_inputs.refuse(output)


def _is_output_file(kind: click.Path) -> bool:
    return isinstance(kind, OutputPath) and kind.file


def _values(context: click.Context, wanted: Callable[[click.Path], bool]) -> Iterator[str]:
    """Yield the paths that those parameters of a command have whose type is wanted."""
    for parameter in context.command.params:
        if isinstance(parameter.type, click.Path) and wanted(parameter.type):
            value = context.params.get(parameter.name or "")
            values = [value] if isinstance(value, str) else value or ()
            yield from (value for value in values if value != STANDARD_STREAM)


def _check_distinct(outputs: Iterable[str]) -> None:
    seen = set()
    for output in outputs:
        path = Path(os.path.realpath(output))
        if path in seen and (is_file(path) or not path_exists(path)):
            raise UsageError(
                "two outputs have the same path",
                where=output,
                expected="a path for each output",
                got="the same path twice",
                fix="give one of them another path",
            )
        seen.add(path)
