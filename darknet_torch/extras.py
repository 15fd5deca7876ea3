"""Packages that only some commands need."""

from __future__ import annotations

import importlib
from typing import Any

from darknet_torch.errors import UsageError


def import_extra(module: str, *, extra: str) -> Any:
    """The module called `module`, of a package that the extra `extra` installs.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise UsageError(
            f"this needs the package {package}, which cannot be imported",
            got=str(error),
            fix=f"pip install 'darknet-torch[{extra}]'",
        ) from None
