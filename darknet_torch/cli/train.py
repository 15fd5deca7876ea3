"""`dtorch train`: train a network from its cfg."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cfg.data_file import DataValue, read_data_file
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.cli.darknet.flags import GpuFlags, apply_gpu_flags, training_flags
from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.options import (
    DataFormatOptions,
    all_options,
    data_format_options,
    device_option,
    dialect_option,
    exif_option,
    parsed_into,
    quiet_option,
    strict_option,
)
from darknet_torch.cli.parameter_types import (
    FRACTION,
    NOT_NEGATIVE,
    OUTPUT_FILE,
    PATH,
    POSITIVE,
)
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cli.value_completion import complete_cfg, complete_weights
from darknet_torch.downloads.model_files import resolve_weights
from darknet_torch.errors import UsageError
from darknet_torch.input_files import protected_inputs, refuse_overwrite_of_inputs
from darknet_torch.training.plan import PRECISIONS, TrainPlan
from darknet_torch.training.run_folder import (
    RUNS,
    check_free,
    files_of_run,
    last_run_folder,
    lies_in,
    new_run_folder,
    removed_if_empty,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darknet_torch.training.callbacks import Callback
    from darknet_torch.training.setup import Training


@dataclass(frozen=True, kw_only=True)
class TrainOptions(DataFormatOptions, GpuFlags):
    """The options of `dtorch train` and of Darknet's `detector train` and its like.

    The fields are what `train_options` say; None stands for what the cfg, the .data file or
    the dialect say.

    Attributes:
        epochs, scale_schedule: not options of Darknet's own spelling, which never scales.
        evaluates: evaluate during training, and keep the best weights (--map).
        iou: the IoU above which that evaluation counts a detection as right, 0-1.
        augment: "cfg" or "none".
    """

    cfg: str | None
    data: str | None
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
    augment: str
    overfit: int | None
    evaluates: bool
    iou: float
    clear: bool
    resume: bool
    overwrite: bool
    save_every: int | None
    save_last: int
    show_batch: str | None
    seed: int
    workers: int
    threads: int | None
    gpus: str | None
    processes: int | None
    precision: str
    verbose: bool


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
        "--valid-split", default="valid", show_default=True, help="The list to evaluate on."
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
    dialect_option,
    click.option(
        "--darknet-bugs",
        type=click.Choice(["fix", "reproduce"]),
        default="fix",
        show_default=True,
        help="Bugs of the C code that change training: see docs/training.md.",
    ),
    click.option(
        "--exact-order",
        is_flag=True,
        help="Add numbers in the order of C's loops: slow, but equal to the last digit.",
    ),
    click.option("--width", type=POSITIVE, help="Input width, instead of the cfg's."),
    click.option("--height", type=POSITIVE, help="Input height, instead of the cfg's."),
    click.option("--batch", type=POSITIVE, help="Pictures per update, instead of the cfg's."),
    click.option("--subdivisions", type=POSITIVE, help="Parts of a batch, instead of the cfg's."),
    click.option("--max-batches", type=POSITIVE, help="Updates in all, instead of the cfg's."),
    click.option(
        "--epochs",
        type=POSITIVE,
        metavar="N",
        help="Train on each picture N times; implies --scale-schedule.",
    ),
    click.option(
        "--scale-schedule",
        is_flag=True,
        help="Scale burn_in, steps and the like to the length of this training.",
    ),
    click.option(
        "--learning-rate", type=float, metavar="RATE", help="The rate, instead of the cfg's."
    ),
    click.option(
        "--bn-momentum",
        type=FRACTION,
        help="Weight of a batch in the rolling mean and variance [default: the dialect's].",
    ),
    click.option(
        "--augment",
        type=click.Choice(["cfg", "none"]),
        default="cfg",
        show_default=True,
        help="Augment pictures as the cfg says, or not at all.",
    ),
    click.option(
        "--overfit",
        type=POSITIVE,
        metavar="N",
        help="Overfit N pictures, without augmentation, to check a setup.",
    ),
    click.option(
        "--map",
        "-map",
        "-topk",
        "evaluates",
        is_flag=True,
        help="Evaluate during training, and keep the best weights in _best.",
    ),
    click.option("--iou", "-iou_thresh", type=FRACTION, default=0.5),
    click.option("--clear", "-clear", is_flag=True, help="Count iterations from 0."),
    click.option(
        "--resume",
        is_flag=True,
        help="Continue the run in --backup, or else the last one in runs, where it stopped.",
    ),
    click.option(
        "--overwrite", is_flag=True, help="Replace the weights of an earlier run in --backup."
    ),
    click.option(
        "--save-every",
        type=POSITIVE,
        help="Iterations between numbered weights [default: DATA's saveweights=, else 1000, or "
        "10000 for max_batches of 10000 or more].",
    ),
    click.option(
        "--save-last",
        type=NOT_NEGATIVE,
        default=100,
        show_default=True,
        help="Iterations between two writes of _last, which is written every 10 minutes, too; "
        "0: at the end alone.",
    ),
    click.option(
        "--show-batch",
        type=OUTPUT_FILE,
        metavar="PNG",
        help="Draw the first batch to this file, then end.",
    ),
    click.option("--seed", type=NOT_NEGATIVE, default=0, show_default=True),
    click.option(
        "--workers",
        type=NOT_NEGATIVE,
        default=2,
        show_default=True,
        help="Processes that load pictures.",
    ),
    click.option("--threads", type=POSITIVE, help="Threads that compute."),
    device_option,
    click.option("--gpus", "-gpus", metavar="LIST", help="Train on several GPUs, such as 0,1."),
    click.option("--processes", type=POSITIVE, help="Train in several processes on the CPU."),
    click.option(
        "--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True
    ),
    strict_option,
    quiet_option("Print only a line for each iteration, and warnings about the data."),
    click.option("--verbose", is_flag=True, help="Print the plan."),
    training_flags,
)


@click.command()
@train_options
@parsed_into(TrainOptions)
def train(options: TrainOptions) -> None:
    """Train a network from its cfg, as Darknet trains it.

    Everything comes from the cfg. Weights go to a folder of their own: <cfg>_last.weights, _best
    (with --map), _1000, _2000 ... and _final. Ctrl-C keeps _last; --resume continues from there.
    """
    train_with(options)


def train_with(options: TrainOptions, *, in_darknets_spelling: bool = False) -> None:
    """Train as the options say.

    Args:
        in_darknets_spelling: as Darknet does, write to a folder with weights of an earlier run
            if -clear, or weights of that folder, say that the run is meant to go on.
    """
    options = apply_gpu_flags(options)
    devices = _devices(options)
    plan = make_plan(options)
    if in_darknets_spelling and (plan.clear or lies_in(plan.weights, plan.backup)):
        plan = replace(plan, overwrite=True)
    ignored = ("weights", "clear", "overwrite")
    given = [f"--{name}" for name in ignored if getattr(options, name)]
    if plan.resume and given:
        listed = ", ".join(given)
        options.print_remark(f"note: --resume goes on with its own weights, without {listed}")
    with removed_if_empty(Path(plan.backup)):
        _train(plan, devices, options)


def _train(plan: TrainPlan, devices: list[str], options: TrainOptions) -> None:
    """Carry out a plan, or draw its first batch."""
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    if options.show_batch:
        _show_batch(plan, Path(options.show_batch), options)
        return
    if not (plan.resume or plan.overwrite):
        check_free(Path(plan.backup), plan.base)  # before the data is read, which may take long
    _protect_weights(plan)
    if options.verbose:
        options.print_remark("\n".join(plan.lines()))
    from darknet_torch.cli.train_console import ConsoleCallbacks
    from darknet_torch.training.launch import launch

    make_callbacks = ConsoleCallbacks(options.quiet)
    if len(devices) > 1:
        launch(plan, devices, make_callbacks)
        return
    _prepare(plan, devices[0], options, make_callbacks()).run()


def _protect_weights(plan: TrainPlan) -> None:
    """Let a run replace the weights that it starts from in its own folder alone.

    Raises:
        UsageError: a file of an earlier run there is a link to weights elsewhere.
    """
    protected_inputs.clear()
    if not lies_in(plan.weights, plan.backup):
        for path in files_of_run(Path(plan.backup), plan.base):
            refuse_overwrite_of_inputs(path, [plan.weights])


def make_plan(options: TrainOptions) -> TrainPlan:
    """Make the plan of a training from the options.

    Raises:
        UsageError, CfgError, WeightsError: something that is needed is not given or not there.
    """
    if not options.cfg:
        raise UsageError("no network", expected="--cfg CFG", got="no --cfg")
    cfg = find_cfg(options.cfg)
    weights = resolve_weights(options.weights) if options.weights else None
    data = find_data(options.data, options.cfg)
    keys = read_data_file(data) if Path(data).suffix == ".data" else {}
    save_every = options.save_every or _positive_number(keys, "saveweights", data)
    backup = options.backup
    if backup is None and "backup" in keys:
        backup = str(keys["backup"].path())
    if backup is None:
        backup = str(_own_folder(cfg.stem, options))
    return TrainPlan(
        cfg=str(cfg),
        data=data,
        base=cfg.stem,
        backup=backup,
        weights=str(weights) if weights else None,
        images=options.images,
        split=options.split,
        valid_split=options.valid_split,
        names=options.names,
        voc_origin=options.voc_origin,
        exif=options.exif,
        dialect=options.dialect,
        darknet_bugs=options.darknet_bugs,
        exact_order=options.exact_order,
        width=options.width,
        height=options.height,
        batch=options.batch,
        subdivisions=options.subdivisions,
        max_batches=options.max_batches,
        learning_rate=options.learning_rate,
        epochs=options.epochs,
        scale_schedule=options.scale_schedule,
        bn_momentum=options.bn_momentum,
        seed=options.seed,
        precision=options.precision,
        workers=options.workers,
        augment=options.augment == "cfg",
        overfit=options.overfit or 0,
        clear=options.clear,
        resume=options.resume,
        overwrite=options.overwrite,
        map=options.evaluates,
        iou=options.iou,
        save_every=save_every,
        save_last=options.save_last,
    )


def _own_folder(base: str, options: TrainOptions) -> Path:
    """The folder below runs of a new run, or of the one to resume."""
    if options.resume:
        return last_run_folder(base)
    return RUNS / base if options.show_batch else new_run_folder(base)


def _positive_number(keys: dict[str, DataValue], key: str, where: str) -> int | None:
    """Return a number of the .data file; None without the key."""
    if key not in keys:
        return None
    number = keys[key].number
    if not number:
        raise UsageError(
            f"{key}= is not a number", where=where, expected="1 or more", got=keys[key].text
        )
    return number


def _devices(options: TrainOptions) -> list[str]:
    """Return a device for each process of the training."""
    gpus, processes = options.gpus, options.processes
    if gpus and processes:
        raise UsageError(
            "--gpus and --processes exclude each other",
            expected="one of them",
            got=f"--gpus {gpus} --processes {processes}",
            fix="give --gpus to train on GPUs, --processes to train on CPUs",
        )
    if processes:
        return ["cpu"] * processes
    if not gpus:
        return [options.device]
    numbers = [number.strip() for number in gpus.split(",")]
    if not all(number.isdecimal() for number in numbers):
        raise UsageError("--gpus is not a list of numbers", expected="such as 0,1", got=gpus)
    return [f"cuda:{number}" for number in numbers]


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
    from darknet_torch.datasets.file_list import all_files
    from darknet_torch.media.images import write_picture

    protect_inputs([plan.cfg, plan.weights])
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
