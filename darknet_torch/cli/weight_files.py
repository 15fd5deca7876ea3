"""`dtorch partial`, `dtorch average`, `dtorch statistics`: weight files as files."""

from __future__ import annotations

import itertools
import json
from typing import Any

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cli.model_loading import reported_at_once, reporting
from darknet_torch.cli.value_completion import PATH, complete_cfg, complete_weights
from darknet_torch.errors import UsageError


def _common(function: Any) -> Any:
    for option in (
        click.option("--dialect", type=click.Choice(list(DIALECTS)), default="alexeyab"),
        click.option("--strict", is_flag=True, help="Warnings are errors."),
        click.option("--quiet", is_flag=True, help="No warnings."),
        click.option("--verbose", is_flag=True, help="Say more about what is loaded."),
    ):
        function = option(function)
    return function


@click.command(short_help="Cut a weight file after its first layers.")
@click.argument("cfg", shell_complete=complete_cfg)
@click.argument("weights", shell_complete=complete_weights)
@click.argument("out", type=PATH)
@click.argument("layers", type=click.IntRange(min=1), metavar="N")
@_common
def partial(cfg: str, weights: str, out: str, layers: int, **arguments: Any) -> None:
    """Write the first N layers of WEIGHTS to OUT, to start another training from.

    As `darknet partial`: darknet53.conv.74 is yolov3.weights with N = 74.
    """
    from darknet_torch.conversion.weight_files import partial as run

    with reported_at_once(reporting(arguments)):
        read = run(cfg, weights, out, layers, dialect=arguments["dialect"])
    click.echo(f"{out}: layers 0 to {min(layers, read.total) - 1} of {weights}")


@click.command(short_help="Average weight files.")
@click.argument("cfg", shell_complete=complete_cfg)
@click.argument("out", type=PATH)
@click.argument("weights", nargs=-1, required=True, shell_complete=complete_weights)
@_common
def average(cfg: str, out: str, weights: tuple[str, ...], **arguments: Any) -> None:
    """Write the mean of the weight files WEIGHTS... of CFG to OUT."""
    if len(weights) < 2:
        raise UsageError("nothing to average", expected="two weight files", got=weights[0])
    from darknet_torch.conversion.weight_files import average as run

    with reported_at_once(reporting(arguments)):
        run(cfg, out, weights, dialect=arguments["dialect"])
    click.echo(f"{out}: the mean of {len(weights)} files")


@click.command(short_help="Show the arrays of a weight file in numbers.")
@click.argument("cfg", shell_complete=complete_cfg)
@click.argument("weights", shell_complete=complete_weights)
@click.option("--allow-leftover", is_flag=True, help="Accept a weight file that is too long.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
@_common
def statistics(
    cfg: str, weights: str, allow_leftover: bool, as_json: bool, **arguments: Any
) -> None:
    """Show every array of WEIGHTS: root mean square, mean, variance, extremes.

    Values that are infinite or no number are counted. Exit status: 1 if there are any.
    """
    from darknet_torch.conversion.weight_files import statistics as run

    with reported_at_once(reporting(arguments)):
        found = run(cfg, weights, dialect=arguments["dialect"], strict=not allow_leftover)
    if as_json:
        click.echo(json.dumps([array.to_dict() for array in found], indent=1))
    else:
        for (index, section), arrays in itertools.groupby(
            found, key=lambda array: (array.layer, array.section)
        ):
            click.echo(f"Layer {index} [{section}]")
            for array in arrays:
                click.echo(f"  {array.line()}")
    if any(array.not_finite for array in found):
        click.get_current_context().exit(1)
