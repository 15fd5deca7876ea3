"""`dtorch doctor`: whether this installation works."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.options import device_option

if TYPE_CHECKING:
    from darknet_torch.doctor.examine import Examination

_UNWELL = 1
_BYTES = ("bytes", "free_bytes")


@click.command(short_help="Say whether this installation works, and on what.")
@device_option
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def doctor(device: str, form: str) -> None:
    """Say whether this installation works, and on what.

    Versions, devices, OpenCV's parts, the cache, and a run of the bundled model on the
    bundled picture, which is compared with what it is known to find.

    Exit status: 0 all is well, 1 something is wrong, named on standard error.
    """
    from darknet_torch.doctor.examine import examine

    examination = examine(device)
    if form == "json":
        click.echo(json.dumps(examination.to_dict(), indent=1))
    else:
        for line in _lines(examination):
            click.echo(line)
    for problem in examination.problems:
        click.echo(f"dtorch: {problem}", err=True)
    if examination.problems:
        sys.exit(_UNWELL)


def _lines(examination: Examination) -> Iterator[str]:
    for name, part in examination.parts.items():
        yield name
        rows = _packages(part) if name == "packages" else part
        wide = max(map(len, rows), default=0)
        for key, value in rows.items():
            yield f"  {key:{wide}}  {_value(key, value)}"


def _packages(part: Mapping[str, Any]) -> dict[str, str]:
    """A row for each package, and how to install what an extra lacks."""
    rows: dict[str, str] = {}
    for extra, found in part.items():
        fix = f"not installed; pip install 'darknet-torch[{extra}]'" if extra else "missing"
        rows |= {package: version or fix for package, version in found.items()}
    return rows


def _value(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(name, one)}" for name, one in value.items()) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "unknown"}[value]
    if key in _BYTES:
        return f"{value / 1e9:.1f} GB"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
