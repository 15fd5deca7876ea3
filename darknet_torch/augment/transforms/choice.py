"""The values of --augment. No torch, no numpy: the help of the command needs them."""

from __future__ import annotations

import os
from typing import Any

CFG, NONE = "cfg", "none"
FILES = (".yaml", ".yml")
PROGRAM = ".py"


class AugmentationName:
    """cfg, none, a YAML file of steps, or a function in a Python file.

    Python's True is "cfg", False is "none".
    """

    def parse(self, value: Any) -> str:
        """The name as the plan has it.

        Raises:
            TypeError: it is neither a text nor a path nor True or False.
            ValueError: it is none of these names.
        """
        if isinstance(value, bool):
            return CFG if value else NONE
        name = os.fspath(value)
        if not isinstance(name, str):
            raise TypeError
        if name not in (CFG, NONE) and not is_file_of_steps(name) and not function_in(name):
            raise ValueError
        return name

    def __str__(self) -> str:
        return "'cfg', 'none', a file such as steps.yaml, or a function such as 'own.py:NAME'"


def is_file_of_steps(name: str) -> bool:
    """Whether the name is that of a YAML file."""
    return name.lower().endswith(FILES)


def function_in(name: str) -> tuple[str, str] | None:
    """The file and the function of FILE.py:NAME; None for other names."""
    file, _, function = name.rpartition(":")
    return (file, function) if file.endswith(PROGRAM) and function.isidentifier() else None


def files_of(name: str) -> tuple[str, ...]:
    """The file that a name stands for; none for cfg and none."""
    function = function_in(name)
    if function is not None:
        return (function[0],)
    return () if name in (CFG, NONE) else (name,)
