"""`dtorch check`: what is wrong in a cfg, a weight file and a data set."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cli.options import data_form_options, workers_option
from darknet_torch.cli.value_completion import complete_cfg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darknet_torch.lint.finding import Finding
    from darknet_torch.lint.inputs import Inputs


@click.command(short_help="Find what is wrong in a cfg, weights and data.")
@click.argument("files", nargs=-1, metavar="CFG [WEIGHTS] [DATA]", shell_complete=complete_cfg)
@click.option("--dialect", type=click.Choice(list(DIALECTS)), default="alexeyab")
@data_form_options
@workers_option
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option("--out", type=click.Path(dir_okay=False), help="Write the findings to this file.")
@click.option("--quiet", is_flag=True, help="No notes.")
def check(files: tuple[str, ...], form: str, out: str | None, **arguments: Any) -> None:
    """Find what is wrong in a cfg, a weight file and a data set, and say what to write instead.

    Give one, two or all three, in any order; each is known by what it is. CFG may be the name
    of a shipped definition. All findings are listed, with file and line.

    \b
    error    Darknet stops, or computes nonsense
    warning  probably not meant
    note     no fault, worth knowing

    Exit status: 0 if there is nothing, or notes alone; 1 if there are errors or warnings; 2
    if a file is not there or is none of the three.

    \b
    dtorch check yolov4-tiny
    dtorch check custom.cfg custom.weights obj.data
    """
    from darknet_torch.lint.finding import Severity
    from darknet_torch.lint.inputs import recognise

    found = _findings(recognise(files), arguments)
    shown = [
        item for item in found if item.severity is not Severity.NOTE or not arguments["quiet"]
    ]
    if form == "json":
        text = json.dumps([item.to_dict() for item in shown], indent=1, ensure_ascii=False)
    else:
        text = "\n".join([*map(str, shown), _count(found)])
    if out and out != "-":
        from darknet_torch.files import write_text

        write_text(Path(out), text + "\n")
    else:
        click.echo(text)
    if any(item.severity is not Severity.NOTE for item in found):
        click.get_current_context().exit(1)


def _findings(inputs: Inputs, arguments: dict[str, Any]) -> list[Finding]:
    """All of the cfg, then of the weights, then of the data."""
    from darknet_torch.lint.cfg import lint_cfg
    from darknet_torch.lint.data import DataSource, lint_data
    from darknet_torch.lint.weights import lint_weights

    found: list[Finding] = []
    cfg = None
    if inputs.cfg is not None:
        cfg = lint_cfg(inputs.cfg, DIALECTS[arguments["dialect"]])
        found += cfg.findings
    if inputs.weights is not None:
        found += lint_weights(inputs.weights, cfg)
    if inputs.data is not None:
        images = arguments["images"]
        source = DataSource(
            inputs.data,
            images=None if images is None else Path(images),
            names=arguments["names"],
            voc_origin=arguments["voc_origin"],
            workers=arguments["workers"],
        )
        found += lint_data(source, cfg)
    return found


def _count(found: Sequence[Finding]) -> str:
    """``1 error, 2 warnings, 0 notes``."""
    counts = Counter(item.severity.value for item in found)
    words = ("error", "warning", "note")
    return ", ".join(f"{counts[word]} {word}{'' if counts[word] == 1 else 's'}" for word in words)
