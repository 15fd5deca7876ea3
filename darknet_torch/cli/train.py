"""`dtorch train`: train a network from its cfg."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from darknet_torch.cli.darknet.flags import apply_gpu_flags
from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.model_words import take_data_words
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.parameter_types import PATH
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cli.sections import CommandWithSections
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.train_choices import CHOICES
from darknet_torch.cli.train_options import SECTIONS, TrainOptions, train_options
from darknet_torch.errors import UsageError
from darknet_torch.training.options import TRAIN_OPTIONS
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.planning import check_folder, find_devices, plan_training
from darknet_torch.training.run_folder import lies_in, removed_if_empty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darknet_torch.training.callbacks import Callback
    from darknet_torch.training.setup import Training

_FIX_OF_RESUME = (
    "a run that goes on needs the cfg and the data of its first command: "
    "dtorch train --cfg CFG --data DATA --backup DIR --resume"
)


@click.command(cls=CommandWithSections, sections=SECTIONS)
@click.argument("source", nargs=-1, type=PATH, metavar="[CFG] [DATA] [WEIGHTS]")
@train_options
@parsed_into(TrainOptions)
def train(options: TrainOptions) -> None:
    """Train a network from its cfg, as Darknet trains it.

    Everything comes from the cfg. Weights go to a folder of their own: <cfg>_last.weights, _best
    (with --map), _1000, _2000 ... and _final. Ctrl-C keeps _last; --resume continues from there.

    CFG, DATA and WEIGHTS may be given without their options, in any order.

    \b
    dtorch train custom.cfg photos darknet53.conv.74
    """
    train_with(take_data_words(options))


def train_with(options: TrainOptions, *, in_darknets_spelling: bool = False) -> None:
    """Train as the options say.

    Args:
        in_darknets_spelling: as Darknet does, write to a folder with weights of an earlier run
            if -clear, or weights of that folder, say that the run is meant to go on.
    """
    if options.dry_run and options.show_batch:
        raise UsageError(
            "--dry-run and --show-batch exclude each other",
            expected="one of them",
            got=f"--dry-run --show-batch {options.show_batch}",
            fix="--dry-run writes no file",
        )
    options = apply_gpu_flags(options)
    devices = find_devices(options.device, options.gpus, options.processes)
    plan = make_plan(options)
    if in_darknets_spelling and (plan.clear or lies_in(plan.weights, plan.backup)):
        plan = replace(plan, overwrite=True)
    with removed_if_empty(Path(plan.backup)):
        _train(plan, devices, options)


def make_plan(options: TrainOptions) -> TrainPlan:
    """Make the plan of a training from the options.

    Raises:
        UsageError, CfgError, WeightsError: something that is needed is not given or not there.
    """
    if not options.cfg:
        raise UsageError(
            "no network",
            expected="--cfg CFG, or a cfg as in dtorch train custom.cfg obj.data",
            got="no --cfg",
            fix=_FIX_OF_RESUME if options.resume else None,
        )
    data = find_data(options.data, options.cfg)
    values = {name: getattr(options, name) for name in TRAIN_OPTIONS}
    given = {name: value for name, value in values.items() if _is_given(name, value)}
    writes = not (options.show_batch or options.dry_run)
    return plan_training(options.cfg, data, given, writes=writes)


def _is_given(name: str, value: object) -> bool:
    """Whether an option of the plan is given to the running command, or stands among its words.

    One that is not has the plan's default, or the value of the run that goes on.
    """
    context = click.get_current_context(silent=True)
    if context is not None and name in CHOICES and name not in context.params:
        return False  # Darknet's own spelling does not have it
    source = None if context is None else context.get_parameter_source(name)
    is_word = context is not None and context.params.get(name) != value
    return name != "device" and (source is not ParameterSource.DEFAULT or is_word)


def _train(plan: TrainPlan, devices: list[str], options: TrainOptions) -> None:
    """Carry out a plan, or draw its first batch."""
    if options.show_batch:
        _show_batch(plan, Path(options.show_batch), options)
        return
    check_folder(plan)
    if options.dry_run:
        _dry_run(plan, devices, options)
        return
    if options.verbose:
        options.print_remark("\n".join(plan.lines()))
    from darknet_torch.cli.train_console import ConsoleCallbacks
    from darknet_torch.training.launch import launch

    make_callbacks = ConsoleCallbacks(options.quiet)
    if len(devices) > 1:
        launch(plan, devices, make_callbacks)
        return
    _prepare(plan, devices[0], options, make_callbacks()).run()


def _dry_run(plan: TrainPlan, devices: list[str], options: TrainOptions) -> None:
    """Check a training, and print its plan and an estimate of its memory."""
    from darknet_torch.cli.train_console import ConsoleLog
    from darknet_torch.training.dry_run import dry_run

    with report_warnings(options):
        found = dry_run(plan, devices, [ConsoleLog(quiet=options.quiet)])
    echo("\n".join(found.lines()))


def _prepare(
    plan: TrainPlan,
    device: str,
    options: TrainOptions,
    callbacks: Sequence[Callback] = (),
) -> Training:
    """Prepare a training, and report warnings about its cfg and data."""
    from darknet_torch.training.setup import prepare

    with report_warnings(options):
        return prepare(replace(plan, device=device), callbacks)


def _show_batch(plan: TrainPlan, path: Path, options: TrainOptions) -> None:
    """Draw the first batch to a picture file."""
    from darknet_torch.augment.batch_sheet import batch_sheet
    from darknet_torch.augment.transforms.choice import files_of
    from darknet_torch.datasets.file_list import all_files
    from darknet_torch.media.images import write_picture

    protect_inputs([plan.cfg, plan.weights, *files_of(plan.augment)])
    protect_inputs(
        all_files(plan.data, images=plan.images, names=plan.names, voc_origin=plan.voc_origin)
    )
    training = _prepare(plan, "cpu", options)
    batch, data = training.first_batch(), training.data
    if not training.network.net.is_picture:
        raise UsageError("there is nothing to draw", expected="a network that takes pictures")
    sheet = batch_sheet(batch.images.numpy(), batch.truths.numpy(), data.names, side=data.side)
    write_picture(path, sheet)
    echo(f"{len(batch.images)} pictures: {path}", err=True)
