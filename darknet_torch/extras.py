"""Import packages that only some commands need, which optional extras install."""

from __future__ import annotations

import importlib
from typing import Any

from darknet_torch.errors import UsageError


def import_extra(module: str, *, extra: str) -> Any:
    """Import a module of an optional package.

    Args:
        module: the module's full name, such as "matplotlib.figure".
        extra: the extra of darknet-torch that installs the package, such as "plot".

    Raises:
        UsageError: the package cannot be imported; the message names the extra.
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
