"""`dtorch lr-plot`: the learning rate over a training."""

from __future__ import annotations

import csv
import io
import itertools
import json
import shlex
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.options import (
    OutputOptions,
    dialect_option,
    output_options_for,
    parsed_into,
)
from darknet_torch.cli.parameter_types import PATH, POSITIVE, STANDARD_STREAM, FiniteRange
from darknet_torch.cli.result_output import print_or_write
from darknet_torch.cli.train_choices import option_of
from darknet_torch.cli.value_completion import complete_cfg
from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.training.option_values import Repeated
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.schedules.registry import SCHEDULES

if TYPE_CHECKING:
    from darknet_torch.cfg.net import NetOptions
    from darknet_torch.plots.learning_rate import RateCurve

_MOST_POINTS = 4000  # of a curve in a plot, which has fewer pixels
_MOST_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class LrPlotOptions(OutputOptions):
    """The options of `dtorch lr-plot`.

    Attributes:
        cfgs: the networks to compare.
        schedule: the schedules to compare; empty for the cfg's.
        pictures: how many an epoch has.
        every: iterations between two rows of csv and json; None for 1000 rows at most.
        The others are as in `TrainOptions`.
    """

    cfgs: tuple[str, ...]
    dialect: str
    schedule: tuple[str, ...]
    warmup: str | None
    phase: tuple[str, ...]
    learning_rate: float | None
    max_batches: int | None
    epochs: int | None
    pictures: int | None
    scale_schedule: bool
    batch: int | None
    subdivisions: int | None
    every: int | None


@click.command("lr-plot")
@click.argument(
    "cfgs", nargs=-1, required=True, type=PATH, metavar="CFG...", shell_complete=complete_cfg
)
@dialect_option
@option_of("schedule", default=(), kind=Repeated(SCHEDULES))
@option_of("warmup")
@option_of("phase")
@click.option(
    "--learning-rate",
    type=FiniteRange(min=0, min_open=True),
    metavar="RATE",
    help="The rate, instead of the cfg's.",
)
@click.option("--max-batches", type=POSITIVE, help="Updates in all, instead of the cfg's.")
@click.option(
    "--epochs",
    type=POSITIVE,
    metavar="N",
    help="Train on each picture N times; implies --scale-schedule, and needs --pictures.",
)
@click.option("--pictures", type=POSITIVE, metavar="N", help="Pictures to train on, an epoch.")
@click.option(
    "--scale-schedule",
    is_flag=True,
    help="Scale burn_in, steps and the like to the length of this training.",
)
@click.option("--batch", type=POSITIVE, help="Pictures per update, instead of the cfg's.")
@click.option("--subdivisions", type=POSITIVE, help="Parts of a batch, instead of the cfg's.")
@click.option(
    "--every",
    type=POSITIVE,
    metavar="N",
    help="Iterations between two rows of csv and json [default: so that they are 1000 at most].",
)
@output_options_for("plot", "csv", "json")
@parsed_into(LrPlotOptions)
def lr_plot(options: LrPlotOptions) -> None:
    """Draw the learning rate over a training, before it starts.

    The options are those of dtorch train. Several CFGs, and --schedule given more than once, are
    compared in one plot. It goes to --out, a .png, .svg or .pdf, else to a new file
    <cfg>_lr.png; --format csv and json print the rates instead.

    \b
    dtorch lr-plot yolov3
    dtorch lr-plot custom.cfg --schedule cfg --schedule cosine --warmup linear:iterations=500
    """
    _check(options)
    is_plot = options.output_format == "plot"
    curves = list(_curves(options, _MOST_POINTS if is_plot else _MOST_ROWS))
    if is_plot:
        _draw(options, curves)
    else:
        text = _as_csv(curves) if options.output_format == "csv" else _as_json(curves)
        print_or_write(text, options.out)


def _check(options: LrPlotOptions) -> None:
    if options.epochs and options.max_batches:
        raise UsageError(
            "--epochs and --max-batches exclude each other",
            expected="one of them",
            got=f"--epochs {options.epochs} --max-batches {options.max_batches}",
            fix="give the length in epochs, or in batches with --scale-schedule",
        )
    if options.epochs and not options.pictures:
        raise UsageError(
            "--epochs without a number of pictures",
            expected="--pictures N",
            got=f"--epochs {options.epochs}",
            fix="dtorch dataset stats DATA counts them",
        )
    if options.output_format == "plot" and options.out == STANDARD_STREAM:
        raise UsageError(
            "a plot is not printed",
            expected="--out FILE.png, or --format csv or json",
            got=f"--out {options.out}",
        )


def _curves(options: LrPlotOptions, most: int) -> Iterator[RateCurve]:
    """A curve for each cfg and schedule.

    Args:
        options: those of the command.
        most: updates in a curve, where the options do not say how many lie between two.
    """
    from darknet_torch.plots.learning_rate import RateCurve
    from darknet_torch.training.batch_sizes import batch_size
    from darknet_torch.training.learning_rate import learning_rate
    from darknet_torch.training.phases import phases_of

    for cfg, schedule in itertools.product(options.cfgs, options.schedule or ("cfg",)):
        path = find_cfg(cfg)
        protect_inputs([path])
        plan = _plan(options, path, schedule)
        net = _net_of_run(options, plan)
        epoch = options.pictures / batch_size(net) if options.pictures else None
        phases = phases_of(plan)
        rate = learning_rate(plan, net, epoch=epoch, evaluates=True, factor=phases.factor_at)
        updates = _samples(net.max_batches, options.every, most)
        label = " ".join(_label_words(options, path, schedule))
        yield RateCurve(label, updates, [rate(update) for update in updates])


def _plan(options: LrPlotOptions, cfg: Path, schedule: str) -> TrainPlan:
    """The plan of a training without data, as far as it decides over the rate."""
    return TrainPlan(
        cfg=str(cfg),
        data="",
        base=cfg.stem,
        backup="",
        dialect=options.dialect,
        schedule=schedule,
        warmup=options.warmup,
        phase=options.phase,
        max_batches=options.max_batches,
        epochs=options.epochs,
    )


def _net_of_run(options: LrPlotOptions, plan: TrainPlan) -> NetOptions:
    """The options of [net] that the training would run with.

    Raises:
        CfgError: the cfg cannot be read, or does not say how long to train.
    """
    from darknet_torch.cfg.dialect import find_dialect
    from darknet_torch.cfg.grammar import read_cfg
    from darknet_torch.cfg.net import read_net
    from darknet_torch.training.batch_sizes import batch_size
    from darknet_torch.training.phases import phases_of
    from darknet_torch.training.scaling import batches_for_epochs, check_has_end, values_of_run

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)  # dtorch check reports them
        net = read_net(read_cfg(plan.cfg)[0], find_dialect(plan.dialect))
    net = replace(
        net,
        batch=options.batch or net.batch,
        subdivisions=options.subdivisions or net.subdivisions,
    )
    length = phases_of(plan).length or options.max_batches
    if options.epochs and options.pictures:
        length = batches_for_epochs(options.epochs, options.pictures, batch_size(net))
    scales = options.scale_schedule or bool(options.epochs)
    values = values_of_run(
        net,
        learning_rate=options.learning_rate,
        max_batches=length,
        scales=scales,
        keeps_policy=plan.schedule == "cfg",
    )
    net = replace(net, **values)
    check_has_end(net)
    return net


def _samples(last: int, every: int | None, most: int) -> list[int]:
    """The updates to show from 1 to `last`, both included."""
    step = every or -(-last // most)
    return sorted({*range(1, last + 1, step), last})


def _label_words(options: LrPlotOptions, cfg: Path, schedule: str) -> Iterator[str]:
    """What names a curve: what it does not share with all others."""
    if len(options.cfgs) > 1 or not options.schedule:
        yield cfg.stem
    if options.schedule:
        yield schedule


def _draw(options: LrPlotOptions, curves: Sequence[RateCurve]) -> None:
    from darknet_torch.plots.learning_rate import plot_rates

    stem = find_cfg(options.cfgs[0]).stem
    path = Path(options.out) if options.out else _free_file(f"{stem}_lr")
    title = "Learning rate" if len(options.cfgs) > 1 else f"Learning rate of {stem}"
    if len(curves) == 1 and options.schedule:
        title += f", {options.schedule[0]}"
    plot_rates(curves, title).save(path)
    options.print_remark(f"wrote {shlex.quote(str(path))}")


def _free_file(stem: str) -> Path:
    """The first of <stem>.png, <stem>-2.png, ... that does not exist."""
    names = itertools.chain((stem,), (f"{stem}-{number}" for number in itertools.count(2)))
    return next(path for name in names if not (path := Path(f"{name}.png")).exists())


def _as_csv(curves: Sequence[RateCurve]) -> str:
    """A row for each update of a curve."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("curve", "iteration", "learning_rate"))
    for curve in curves:
        rows = zip(curve.updates, curve.rates, strict=True)
        writer.writerows((curve.label, update, f"{rate:.9g}") for update, rate in rows)
    return text.getvalue().rstrip("\n")


def _as_json(curves: Sequence[RateCurve]) -> str:
    found = [
        {"curve": one.label, "iterations": one.updates, "learning_rates": one.rates}
        for one in curves
    ]
    return json.dumps(found, indent=1)
