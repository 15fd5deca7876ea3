"""Import packages that only some commands need, and say how to install them."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from contextlib import suppress
from typing import Any

from darknet_torch.errors import UsageError

PROGRAM = "darknet-torch"
_REQUIREMENT = re.compile(r"([\w.-]+)(?:.*extra == ['\"]([\w-]+)['\"])?")


def required_packages() -> dict[str, list[str]]:
    """Return the names of the packages that this program requires.

    Returns:
        Name of the extra, or "" for the packages that are always required -> packages.

    Raises:
        ImportError: this program is not installed, but run from a folder.
    """
    found: dict[str, list[str]] = {}
    for requirement in importlib.metadata.requires(PROGRAM) or ():
        match = _REQUIREMENT.match(requirement)
        if match:
            found.setdefault(match[2] or "", []).append(match[1])
    return found


def install_command(extra: str, missing: str) -> str:
    """Return the command that installs the packages of an extra.

    It names the packages, because it must work wherever this program was installed from.

    Args:
        extra: the extra of this program, such as "plot".
        missing: the package to name if this program is run without being installed.
    """
    try:
        packages = required_packages().get(extra) or [missing]
    except ImportError:
        packages = [missing]
    return f"pip install {' '.join(packages)}"


def installed_version(*packages: str) -> str | None:
    """Return the version of the first of these packages that is installed, or None.

    Nothing is imported.
    """
    for package in packages:
        with suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return None


def import_extra(module: str, *, extra: str) -> Any:
    """Import a module of an optional package.

    Args:
        module: the module's full name, such as "matplotlib.figure".
        extra: the extra of darknet-torch that installs the package, such as "plot".

    Raises:
        UsageError: the package cannot be imported; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise UsageError(
            f"this needs the package {package}, which cannot be imported",
            got=str(error),
            fix=install_command(extra, package),
        ) from None
