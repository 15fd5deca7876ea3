"""Import packages that only some commands need, and say how to install them."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from darknet_torch.errors import UsageError

PROGRAM = "darknet-torch"
# As in the metadata: name[extra,extra]>=1,<2; python_version < "3.14" and extra == "name".
_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(\[(?P<extras>[^]]*)\])?(?P<versions>[^;]*)")
_EXTRA = re.compile(r"extra == ['\"]([\w-]+)")
_NEWEST_PYTHON = re.compile(r"python_version < ['\"]3\.(\d+)")


def required_packages() -> dict[str, dict[str, str]]:
    """Return the packages that this program requires of this version of Python.

    Returns:
        Name of the extra, or "" for the packages that are always required -> name of a package
        -> what to give to pip, such as "click>=8.4.2". An extra that asks for others has theirs.

    Raises:
        ImportError: this program is not installed, but run from a folder.
    """
    found: dict[str, dict[str, str]] = {}
    others: dict[str, list[str]] = {}
    for requirement in importlib.metadata.requires(PROGRAM) or ():
        match = _REQUIREMENT.match(requirement)
        if match is None or _is_for_older_python(requirement):
            continue
        of_extra = _EXTRA.search(requirement)
        extra = of_extra[1] if of_extra else ""
        packages = found.setdefault(extra, {})
        if match["name"] == PROGRAM:
            others.setdefault(extra, []).extend(re.split(r"\s*,\s*", match["extras"] or ""))
        else:
            packages[match["name"]] = match["name"] + match["versions"].strip()
    return {extra: _with_others(extra, found, others) for extra in found}


def _is_for_older_python(requirement: str) -> bool:
    bound = _NEWEST_PYTHON.search(requirement)
    return bound is not None and sys.version_info >= (3, int(bound[1]))


def _with_others(
    extra: str, found: Mapping[str, dict[str, str]], others: Mapping[str, list[str]]
) -> dict[str, str]:
    """Return the packages of an extra and of the extras that it asks for."""
    packages = dict(found.get(extra, {}))
    for other in others.get(extra, ()):
        packages |= _with_others(other, found, others)
    return packages


def install_command(extra: str, missing: str) -> str:
    """Return the command that installs the packages of an extra.

    It names the packages, because it must work wherever this program was installed from.

    Args:
        extra: the extra of this program, such as "plot".
        missing: the package to name if this program is run without being installed.
    """
    try:
        packages = list(required_packages().get(extra, ())) or [missing]
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
