"""`dtorch check`: find mistakes in a cfg, a weight file and a data set."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cli.data_options import DataFormatOptions, data_format_options
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.options import (
    allow_large_option,
    dialect_option,
    parsed_into,
    quiet_option,
    reading_options,
    workers_option,
)
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH
from darknet_torch.cli.result_output import print_or_write
from darknet_torch.cli.value_completion import complete_cfg
from darknet_torch.errors import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darknet_torch.lint.finding import Finding
    from darknet_torch.lint.inputs import Inputs


@dataclass(frozen=True, kw_only=True)
class CheckOptions(DataFormatOptions):
    """The options of `dtorch check`."""

    files: tuple[str, ...]
    dialect: str
    allow_large: bool
    workers: int
    output_format: str
    out: str | None
    quiet: bool


@click.command()
@click.argument(
    "files", nargs=-1, type=PATH, metavar="CFG [WEIGHTS] [DATA]", shell_complete=complete_cfg
)
@dialect_option
@allow_large_option
@data_format_options
@reading_options
@workers_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The format of the findings.",
)
@click.option("--out", type=OUTPUT_FILE, help="Write the findings to this file.")
@quiet_option("Print no notes.")
@parsed_into(CheckOptions)
def check(options: CheckOptions) -> None:
    """Find mistakes in a cfg, a weight file and a data set, and say what to write instead.

    Give one, two or all three, in any order. CFG may be the name of a shipped definition. All
    findings are listed, with file and line.

    \b
    error    Darknet stops, or computes nonsense
    warning  probably not meant
    note     not wrong, but worth knowing

    Exit status: 0 if nothing was found, or only notes; 1 if there are errors or warnings; 2
    if a file is not there or is none of the three.

    \b
    dtorch check yolov4-tiny
    dtorch check custom.cfg custom.weights obj.data
    """
    from darknet_torch.lint.finding import Severity
    from darknet_torch.lint.inputs import recognise

    inputs = recognise(options.files)
    if inputs.data is not None:
        from darknet_torch.datasets.file_list import all_files

        protect_inputs(
            all_files(
                inputs.data,
                images=options.images,
                names=options.names,
                voc_origin=options.voc_origin,
            )
        )
    found = _find_all(inputs, options)
    shown = [item for item in found if item.severity is not Severity.NOTE or not options.quiet]
    if options.output_format == "json":
        text = json.dumps([item.to_dict() for item in shown], indent=1, ensure_ascii=False)
    else:
        text = "\n".join([*map(str, shown), _count(found)])
    print_or_write(text, options.out)
    if any(item.severity is not Severity.NOTE for item in found):
        click.get_current_context().exit(1)


def _find_all(inputs: Inputs, options: CheckOptions) -> list[Finding]:
    """Return the findings in the cfg, then those in the weights, then those in the data."""
    from darknet_torch.lint.cfg import lint_cfg
    from darknet_torch.lint.data import DataSource, lint_data
    from darknet_torch.lint.weights import lint_weights

    found: list[Finding] = []
    cfg = None
    if inputs.cfg is not None:
        cfg = lint_cfg(inputs.cfg, DIALECTS[options.dialect])
        found += cfg.findings
    if inputs.weights is not None:
        found += lint_weights(inputs.weights, cfg)
    if inputs.data is not None:
        source = DataSource(
            inputs.data,
            images=None if options.images is None else Path(options.images),
            names=options.names,
            voc_origin=options.voc_origin,
            workers=options.workers,
            exif=options.exif,
        )
        found += lint_data(source, cfg)
    return found


def _count(findings: Sequence[Finding]) -> str:
    """Return the numbers of findings, such as ``1 error, 2 warnings, 0 notes``."""
    counts = Counter(item.severity.value for item in findings)
    words = ("error", "warning", "note")
    return ", ".join(counted(counts[word], word) for word in words)
