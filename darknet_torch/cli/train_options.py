"""The options of `dtorch train`, in the sections of its help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from darknet_torch.cli.darknet.flags import GpuFlags, training_flags
from darknet_torch.cli.data_options import DataFormatOptions, data_format_options
from darknet_torch.cli.model_words import DataWordsOptions
from darknet_torch.cli.options import (
    DIALECT_HELP,
    all_options,
    allow_large_option,
    device_option,
    quiet_option,
    reading_options,
    strict_option,
)
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH
from darknet_torch.cli.sections import Section
from darknet_torch.cli.train_choices import options_of, type_of
from darknet_torch.cli.value_completion import complete_cfg, complete_weights
from darknet_torch.training.choices.evaluation import EvaluationChoices
from darknet_torch.training.choices.every import TrainChoices
from darknet_torch.training.choices.loss import LossChoices
from darknet_torch.training.choices.pictures import PictureChoices
from darknet_torch.training.choices.records import RecordChoices
from darknet_torch.training.choices.sampling import SamplingChoices
from darknet_torch.training.choices.transfer import TransferChoices
from darknet_torch.training.choices.update import UpdateChoices
from darknet_torch.training.options import TRAIN_OPTIONS
from darknet_torch.training.plan import TrainPlan


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
    allow_large: bool
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


SECTIONS: Mapping[str, Section] = {
    "Network and data": all_options(
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
            help="The training data: a .data file, a COCO .json, a VOC root, a folder with a "
            "folder for each class, or a text [default: <cfg>.data].",
        ),
        click.option("--split", metavar="NAME", help="The list to train on [default: train]."),
        click.option(
            "--valid-split",
            default=_default_of("valid_split"),
            show_default=True,
            help="The list to evaluate on.",
        ),
        data_format_options,
        reading_options,
        click.option(
            "--weights",
            type=PATH,
            metavar="FILE",
            shell_complete=complete_weights,
            help="The weights to start from, such as darknet53.conv.74 [default: random numbers].",
        ),
        click.option("--clear", "-clear", is_flag=True, help="Count iterations from 0."),
        _option("width", help="Input width, instead of the cfg's."),
        _option("height", help="Input height, instead of the cfg's."),
    ),
    "The run and its files": all_options(
        click.option(
            "--backup",
            type=PATH,
            metavar="DIR",
            help="Write weights here [default: DATA's backup=, else runs/<cfg>, runs/<cfg>-2, "
            "...].",
        ),
        click.option(
            "--resume",
            is_flag=True,
            help="Continue the run in --backup, or else the last one in runs, where it stopped, "
            "with its options where no other is given.",
        ),
        click.option(
            "--overwrite", is_flag=True, help="Replace the weights of an earlier run in --backup."
        ),
        _option(
            "save_every",
            help="Iterations between numbered weights [default: DATA's saveweights=, else 1000, "
            "or 10000 for max_batches of 10000 or more].",
        ),
        _with_default(
            "save_last",
            help="Iterations between two writes of _last, which is written every 10 minutes, too; "
            "0: at the end alone.",
        ),
        options_of(RecordChoices),
    ),
    "Length and learning rate": all_options(
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
        _option("batch", help="Pictures per update, instead of the cfg's."),
        _option("subdivisions", help="Parts of a batch, instead of the cfg's."),
        _option("learning_rate", metavar="RATE", help="The rate, instead of the cfg's."),
        options_of(UpdateChoices),
    ),
    "Which layers learn, and when": all_options(
        options_of(TransferChoices),
    ),
    "Loss": all_options(
        options_of(LossChoices),
    ),
    "Which pictures": all_options(
        _option(
            "overfit",
            metavar="N",
            help="Overfit N pictures, without augmentation, to check a setup.",
        ),
        options_of(SamplingChoices),
    ),
    "Changes of pictures": all_options(
        options_of(PictureChoices),
    ),
    "Evaluation and early end": all_options(
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
            help="Epochs between two evaluations of --map [default: 4, of classifiers 1, but at "
            "least 100 iterations].",
        ),
        options_of(EvaluationChoices),
    ),
    "Computation": all_options(
        device_option,
        click.option(
            "--gpus", "-gpus", metavar="LIST", help="Train on several GPUs, such as 0,1."
        ),
        _option("processes", help="Train in several processes on the CPU."),
        _option(
            "threads",
            help="Threads that compute, in each process [default: OMP_NUM_THREADS, else as many "
            "as the cores and the quota allow].",
        ),
        _with_default("workers", help="Processes that load pictures."),
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
        _with_default("seed", help="Seed of all random numbers."),
    ),
    "As the C code computes": all_options(
        _with_default("dialect", help=DIALECT_HELP),
        _with_default(
            "darknet_bugs", help="Bugs of the C code that change training: see docs/training.md."
        ),
        click.option(
            "--exact-order",
            is_flag=True,
            help="Add numbers in the order of C's loops: slow, but equal to the last digit.",
        ),
        _option(
            "bn_momentum",
            help="Weight of a batch in the rolling mean and variance [default: the dialect's].",
        ),
    ),
    "Checks and output": all_options(
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
        allow_large_option,
        strict_option,
        quiet_option("Print only a line for each iteration, and warnings about the data."),
        click.option("--verbose", is_flag=True, help="Print the plan."),
    ),
}
train_options = all_options(*SECTIONS.values(), training_flags)
