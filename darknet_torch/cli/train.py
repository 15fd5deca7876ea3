"""`dtorch train`: train a network from its cfg."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from darknet_torch.cli.darknet.flags import GpuFlags, apply_gpu_flags, training_flags
from darknet_torch.cli.data_options import DataFormatOptions, data_format_options
from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.model_words import DataWordsOptions, take_data_words
from darknet_torch.cli.options import (
    all_options,
    device_option,
    exif_option,
    parsed_into,
    quiet_option,
    strict_option,
)
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cli.train_choices import CHOICES, options_of, type_of
from darknet_torch.cli.value_completion import complete_cfg, complete_weights
from darknet_torch.errors import UsageError
from darknet_torch.training.choices.every import TrainChoices
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


@dataclass(frozen=True, kw_only=True)
class TrainOptions(TrainChoices, DataFormatOptions, DataWordsOptions, GpuFlags):
    """The options of `dtorch train` and of Darknet's `detector train` and its like.

    The fields are what `train_options` say, and most of them those of `TrainPlan`; None stands
    for what the cfg, the .data file or the dialect say.

    Attributes:
        epochs, scale_schedule: not options of Darknet's own spelling, which never scales.
        show_batch: the picture to draw the first batch to, instead of training.
        dry_run: check everything and print the plan and its memory, instead of training.
        verbose: print the plan.
    """

    split: str | None
    valid_split: str
    weights: str | None
    backup: str | None
    dialect: str
    darknet_bugs: str
    exact_order: bool
    width: int | None
    height: int | None
    batch: int | None
    subdivisions: int | None
    max_batches: int | None
    learning_rate: float | None
    epochs: int | None = None
    scale_schedule: bool = False
    bn_momentum: float | None
    overfit: int | None
    map: bool
    iou: float
    map_every: int | None
    clear: bool
    resume: bool
    overwrite: bool
    save_every: int | None
    save_last: int
    show_batch: str | None
    dry_run: bool
    seed: int
    workers: int
    threads: int | None
    gpus: str | None
    processes: int | None
    precision: str
    checkpoint_activations: bool
    verbose: bool


def _option(name: str, *spellings: str, **more: Any) -> Any:
    """Declare the option of that name, whose values `TRAIN_OPTIONS` says."""
    dashed = f"--{name.replace('_', '-')}"
    return click.option(dashed, *spellings, name, type=type_of(TRAIN_OPTIONS[name]), **more)


def _default_of(name: str) -> Any:
    """The value of an option that is not given."""
    return TrainPlan.__dataclass_fields__[name].default


def _with_default(name: str, **more: Any) -> Any:
    return _option(name, default=_default_of(name), show_default=True, **more)


train_options = all_options(
    click.option(
        "--cfg",
        type=PATH,
        metavar="CFG",
        shell_complete=complete_cfg,
        help="The network: a path, or the name of a shipped one.",
    ),
    click.option(
        "--data",
        type=PATH,
        metavar="DATA",
        help="The training data: a .data file, a COCO .json, a VOC root, a folder with a folder "
        "for each class, or a text [default: <cfg>.data].",
    ),
    click.option("--split", metavar="NAME", help="The list to train on [default: train]."),
    click.option(
        "--valid-split",
        default=_default_of("valid_split"),
        show_default=True,
        help="The list to evaluate on.",
    ),
    data_format_options,
    exif_option,
    click.option(
        "--weights",
        type=PATH,
        metavar="FILE",
        shell_complete=complete_weights,
        help="The weights to start from, such as darknet53.conv.74 [default: random numbers].",
    ),
    click.option(
        "--backup",
        type=PATH,
        metavar="DIR",
        help="Write weights here [default: DATA's backup=, else runs/<cfg>, runs/<cfg>-2, ...].",
    ),
    _option("dialect", default=_default_of("dialect")),
    _with_default(
        "darknet_bugs", help="Bugs of the C code that change training: see docs/training.md."
    ),
    click.option(
        "--exact-order",
        is_flag=True,
        help="Add numbers in the order of C's loops: slow, but equal to the last digit.",
    ),
    _option("width", help="Input width, instead of the cfg's."),
    _option("height", help="Input height, instead of the cfg's."),
    _option("batch", help="Pictures per update, instead of the cfg's."),
    _option("subdivisions", help="Parts of a batch, instead of the cfg's."),
    _option("max_batches", help="Updates in all, instead of the cfg's."),
    _option(
        "epochs",
        metavar="N",
        help="Train on each picture N times; implies --scale-schedule.",
    ),
    click.option(
        "--scale-schedule",
        is_flag=True,
        help="Scale burn_in, steps and the like to the length of this training.",
    ),
    _option("learning_rate", metavar="RATE", help="The rate, instead of the cfg's."),
    _option(
        "bn_momentum",
        help="Weight of a batch in the rolling mean and variance [default: the dialect's].",
    ),
    _option(
        "overfit",
        metavar="N",
        help="Overfit N pictures, without augmentation, to check a setup.",
    ),
    click.option(
        "--map/--no-map",
        "-map",
        "-topk",
        "map",
        default=False,
        help="Evaluate during training, and keep the best weights in _best, or not.",
    ),
    _option(
        "iou",
        "-iou_thresh",
        default=_default_of("iou"),
        help="Overlap that makes a detection right for --map.",
    ),
    _option(
        "map_every",
        metavar="EPOCHS",
        help="Epochs between two evaluations of --map [default: 4, of classifiers 1, but at least "
        "100 iterations].",
    ),
    click.option("--clear", "-clear", is_flag=True, help="Count iterations from 0."),
    click.option(
        "--resume",
        is_flag=True,
        help="Continue the run in --backup, or else the last one in runs, where it stopped, with "
        "its options where no other is given.",
    ),
    click.option(
        "--overwrite", is_flag=True, help="Replace the weights of an earlier run in --backup."
    ),
    _option(
        "save_every",
        help="Iterations between numbered weights [default: DATA's saveweights=, else 1000, or "
        "10000 for max_batches of 10000 or more].",
    ),
    _with_default(
        "save_last",
        help="Iterations between two writes of _last, which is written every 10 minutes, too; "
        "0: at the end alone.",
    ),
    click.option(
        "--show-batch",
        type=OUTPUT_FILE,
        metavar="PNG",
        help="Draw the first batch to this file, then end.",
    ),
    click.option(
        "--dry-run",
        is_flag=True,
        help="Check everything, print the plan and an estimate of its memory, then end.",
    ),
    _with_default("seed"),
    _with_default("workers", help="Processes that load pictures."),
    _option(
        "threads",
        help="Threads that compute, in each process [default: OMP_NUM_THREADS, else as many as "
        "the cores and the quota allow].",
    ),
    device_option,
    click.option("--gpus", "-gpus", metavar="LIST", help="Train on several GPUs, such as 0,1."),
    _option("processes", help="Train in several processes on the CPU."),
    _with_default(
        "precision",
        help="The numbers in which layers are computed; weights and losses are float32. tf32 "
        "differs from float32 on NVIDIA's GPUs alone.",
    ),
    click.option(
        "--checkpoint-activations",
        is_flag=True,
        help="Take less memory, and compute the forward pass of most layers twice.",
    ),
    options_of(TrainChoices),
    strict_option,
    quiet_option("Print only a line for each iteration, and warnings about the data."),
    click.option("--verbose", is_flag=True, help="Print the plan."),
    training_flags,
)


@click.command()
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
    click.echo("\n".join(found.lines()))


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
    click.echo(f"{len(batch.images)} pictures: {path}", err=True)
