"""`dtorch partial`, `dtorch average`, `dtorch statistics`: tools for weight files."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

import click

from darknet_torch.cli.darknet.command import DarknetCommand
from darknet_torch.cli.darknet.flags import file_flags
from darknet_torch.cli.model_loading import print_taken
from darknet_torch.cli.options import (
    ReportFormatOptions,
    ReportingOptions,
    all_options,
    allow_large_option,
    dialect_option,
    parsed_into,
    quiet_option,
    report_format_options,
    strict_option,
    verbose_option,
)
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH, POSITIVE
from darknet_torch.cli.reporting import report_warnings_at_once
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.value_completion import complete_cfg, complete_weights
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class WeightFileOptions(ReportingOptions):
    """The options that the three commands share; see `weight_file_options`."""

    cfg: str
    dialect: str
    allow_large: bool
    verbose: bool


weight_file_options = all_options(
    dialect_option,
    allow_large_option,
    strict_option,
    quiet_option("Print no warnings."),
    verbose_option,
    file_flags,
)


@dataclass(frozen=True, kw_only=True)
class PartialOptions(WeightFileOptions):
    """The options of `dtorch partial`; `layers` is N."""

    weights: str
    out: str
    layers: int


@dataclass(frozen=True, kw_only=True)
class AverageOptions(WeightFileOptions):
    """The options of `dtorch average`."""

    out: str
    weights: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StatisticsOptions(WeightFileOptions, ReportFormatOptions):
    """The options of `dtorch statistics`."""

    weights: str | None
    allow_leftover: bool


@click.command()
@click.argument("cfg", type=PATH, shell_complete=complete_cfg)
@click.argument("weights", type=PATH, shell_complete=complete_weights)
@click.argument("out", type=OUTPUT_FILE)
@click.argument("layers", type=POSITIVE, metavar="N")
@weight_file_options
@parsed_into(PartialOptions)
def partial(options: PartialOptions) -> None:
    """Write the first N layers of WEIGHTS to OUT, to start another training from.

    As `darknet partial`: darknet53.conv.74 is yolov3.weights with N = 74.
    """
    from darknet_torch.conversion.weight_files import partial as run

    cfg, weights, out, layers = options.cfg, options.weights, options.out, options.layers
    with report_warnings_at_once(options):
        read = run(cfg, weights, out, layers, dialect=options.dialect)
    echo(f"{out}: layers 0 to {min(layers, read.total) - 1} of {weights}")


@click.command()
@click.argument("cfg", type=PATH, shell_complete=complete_cfg)
@click.argument("out", type=OUTPUT_FILE)
@click.argument("weights", nargs=-1, type=PATH, required=True, shell_complete=complete_weights)
@weight_file_options
@parsed_into(AverageOptions)
def average(options: AverageOptions) -> None:
    """Write the mean of the weight files WEIGHTS... of CFG to OUT."""
    weights = options.weights
    if len(weights) < 2:
        raise UsageError("nothing to average", expected="two weight files", got=weights[0])
    from darknet_torch.conversion.weight_files import average as run

    with report_warnings_at_once(options):
        run(options.cfg, options.out, weights, dialect=options.dialect)
    echo(f"{options.out}: the mean of {len(weights)} files")


@click.command(cls=DarknetCommand)
@click.argument("cfg", type=PATH, shell_complete=complete_cfg)
@click.argument("weights", type=PATH, required=False, shell_complete=complete_weights)
@click.option("--allow-leftover", is_flag=True, help="Accept a weight file that is too long.")
@report_format_options
@weight_file_options
@parsed_into(StatisticsOptions)
def statistics(options: StatisticsOptions) -> None:
    """Show every array of WEIGHTS: root mean square, mean, variance, extremes.

    One file is enough where the other is inside it or is found by its name. Infinite values and
    NaN are counted. Exit status: 1 if there are any.
    """
    from darknet_torch.conversion.weight_files import statistics as run
    from darknet_torch.model.weight_fit import find_mismatch

    strict = not options.allow_leftover
    files = resolve_model(
        options.cfg, options.weights, default_weights=True, mismatch=find_mismatch(strict=strict)
    )
    assert files.weights is not None, "they are given or found"
    print_taken(options, files.taken)
    with report_warnings_at_once(options):
        found = run(files.cfg, files.weights, dialect=options.dialect, strict=strict)
    if options.is_json:
        echo(json.dumps([array.to_dict() for array in found], indent=1))
    else:
        for (index, section), arrays in itertools.groupby(
            found, key=lambda array: (array.layer, array.section)
        ):
            echo(f"Layer {index} [{section}]")
            for array in arrays:
                echo(f"  {array.line()}")
    if any(array.not_finite for array in found):
        click.get_current_context().exit(1)
