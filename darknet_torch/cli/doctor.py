"""`dtorch doctor`: whether this installation works."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.options import DeviceOptions, device_option, parsed_into
from darknet_torch.cli.terminal import echo
from darknet_torch.extras import install_command

if TYPE_CHECKING:
    from darknet_torch.doctor.examine import Examination

_SOMETHING_WRONG = 1
_BYTES = ("bytes", "free_bytes")


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(DeviceOptions):
    """The options of `dtorch doctor`."""

    output_format: str


@click.command()
@device_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The format of the report.",
)
@parsed_into(DoctorOptions)
def doctor(options: DoctorOptions) -> None:
    """Check whether this installation works, and on which devices.

    Prints versions, devices, OpenCV's parts and the cache. Compares the pixels of a bundled JPEG
    with Darknet's, and runs the bundled model on the bundled picture, whose objects are known.

    Exit status: 0 all is well, 1 something is wrong, named on standard error.
    """
    from darknet_torch.doctor.examine import examine

    examination = examine(options.device)
    if options.output_format == "json":
        echo(json.dumps(examination.to_dict(), indent=1))
    else:
        for line in _lines(examination):
            echo(line)
    for problem in examination.problems:
        echo(f"dtorch: {problem}", err=True)
    if examination.problems:
        sys.exit(_SOMETHING_WRONG)


def _lines(examination: Examination) -> Iterator[str]:
    for name, part in examination.parts.items():
        yield name
        rows = _package_rows(part) if name == "packages" else part
        width = max(map(len, rows), default=0)
        for key, value in rows.items():
            yield f"  {key:{width}}  {_format_value(key, value)}"


def _package_rows(part: Mapping[str, Any]) -> dict[str, str]:
    """Return a row for each package, with how to install it if it is missing."""
    rows: dict[str, str] = {}
    for extra, found in part.items():
        for package, version in found.items():
            fix = f"not installed; {install_command(extra, package)}" if extra else "missing"
            rows[package] = version or fix
    return rows


def _format_value(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            ", ".join(f"{name} {_format_value(name, one)}" for name, one in value.items())
            or "none"
        )
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "unknown"}[value]
    if key in _BYTES:
        return f"{value / 1e9:.1f} GB"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
