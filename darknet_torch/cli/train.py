"""`dtorch train`: train anything from its cfg."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cli.darknet.flags import take_training_flags, training_flags
from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.model_loading import reported, reporting
from darknet_torch.cli.options import all_options, data_form_options, device_option
from darknet_torch.cli.value_completion import PATH, complete_cfg, complete_weights
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError
from darknet_torch.files import write_bytes
from darknet_torch.training.plan import PRECISIONS, TrainPlan

if TYPE_CHECKING:
    from darknet_torch.datasets.model import Problem
    from darknet_torch.training.engine import Run
    from darknet_torch.training.validation import Score

_POSITIVE = click.IntRange(min=1)
_BACKUP = "backup"
_SHOWN = 10  # problems in the data, before they are only counted

train_options = all_options(
    click.option(
        "--cfg",
        metavar="CFG",
        shell_complete=complete_cfg,
        help="The network: a path, or the name of a shipped one.",
    ),
    click.option(
        "--data",
        type=PATH,
        metavar="DATA",
        help="What to learn: a .data file, a COCO .json, a VOC root, a folder with a folder for "
        "each class, or a text [default: <cfg>.data].",
    ),
    click.option("--split", metavar="NAME", help="The list to learn [default: train]."),
    click.option(
        "--valid-split", default="valid", show_default=True, help="The list to judge by."
    ),
    data_form_options,
    click.option(
        "--weights",
        metavar="FILE",
        shell_complete=complete_weights,
        help="What to start from, such as darknet53.conv.74 [default: random numbers].",
    ),
    click.option(
        "--backup", type=PATH, metavar="DIR", help="Where weights go [default: DATA's backup=]."
    ),
    click.option("--dialect", type=click.Choice(list(DIALECTS)), default="alexeyab"),
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
        help="Add numbers in the order of C's loops: slow, the same to the last digit.",
    ),
    click.option("--width", type=_POSITIVE, help="Input width, instead of the cfg's."),
    click.option("--height", type=_POSITIVE, help="Input height, instead of the cfg's."),
    click.option("--batch", type=_POSITIVE, help="Pictures per update, instead of the cfg's."),
    click.option("--subdivisions", type=_POSITIVE, help="Parts of a batch, instead of the cfg's."),
    click.option("--max-batches", type=_POSITIVE, help="Updates in all, instead of the cfg's."),
    click.option(
        "--bn-momentum",
        type=click.FloatRange(0, 1),
        help="Weight of a batch in the rolling mean and variance [default: the dialect's].",
    ),
    click.option(
        "--augment",
        type=click.Choice(["cfg", "none"]),
        default="cfg",
        show_default=True,
        help="Change pictures at random as the cfg says, or not at all.",
    ),
    click.option(
        "--overfit",
        type=_POSITIVE,
        metavar="N",
        help="Learn N pictures by heart, without augmentation, to prove a setup.",
    ),
    click.option(
        "--map", "-map", "-topk", "judged", is_flag=True, help="Judge now and then, keep _best."
    ),
    click.option("--iou", "-iou_thresh", type=click.FloatRange(0, 1), default=0.5),
    click.option("--clear", "-clear", is_flag=True, help="Count iterations from 0."),
    click.option("--resume", is_flag=True, help="Go on where the run in --backup stopped."),
    click.option("--save-every", type=_POSITIVE, help="Iterations between kept weights."),
    click.option("--save-last", type=click.IntRange(min=0), default=100, show_default=True),
    click.option(
        "--show-batch", type=PATH, metavar="PNG", help="Draw the first batch there, and end."
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
    click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=2,
        show_default=True,
        help="Processes that load pictures.",
    ),
    click.option("--threads", type=_POSITIVE, help="Threads that compute."),
    device_option,
    click.option("--gpus", "-gpus", metavar="LIST", help="Train on several, such as 0,1."),
    click.option("--processes", type=_POSITIVE, help="Train in several processes on the CPU."),
    click.option(
        "--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True
    ),
    click.option("--strict", is_flag=True, help="Warnings about the cfg are errors."),
    click.option("--quiet", is_flag=True, help="A line for each iteration, and warnings of data."),
    click.option("--verbose", is_flag=True, help="Print the plan."),
    training_flags,
)


@click.command(short_help="Train a network.")
@train_options
def train(**arguments: Any) -> None:
    """Train a network from its cfg, as Darknet trains it.

    Everything comes from the cfg. Weights go to the backup folder: <cfg>_last.weights, _best
    (with --map), _1000, _2000 ... and _final. Ctrl-C keeps _last; --resume goes on from there.
    """
    train_with(arguments)


def train_with(arguments: dict[str, Any]) -> None:
    """Train by a command's keyword arguments of `train_options`."""
    arguments = take_training_flags(arguments)
    plan = make_plan(arguments)
    devices = _devices(arguments)
    if arguments["threads"]:
        import torch

        torch.set_num_threads(arguments["threads"])
    lines = Lines(quiet=arguments["quiet"])
    if arguments["show_batch"]:
        _show_batch(plan, arguments)
        return
    if arguments["verbose"]:
        lines.say("\n".join(plan.lines()))
    from darknet_torch.training.engine import train as run_training
    from darknet_torch.training.launch import launch

    if len(devices) > 1:
        launch(plan, devices, LinesMaker(arguments["quiet"]))
        return
    run_training(_prepare(plan, devices[0], arguments), lines)


def make_plan(arguments: dict[str, Any]) -> TrainPlan:
    """The plan of a command's keyword arguments.

    Raises:
        UsageError, CfgError: something that is needed is not given or not there.
    """
    if not arguments["cfg"]:
        raise UsageError("no network", expected="--cfg CFG", got="no --cfg")
    files = resolve_model(arguments["cfg"], arguments["weights"] or None)
    data = find_data(arguments["data"], arguments["cfg"])
    keys = read_data_file(data) if Path(data).suffix == ".data" else {}
    backup = arguments["backup"]
    if backup is None:
        backup = str(resolve(data, keys["backup"])) if "backup" in keys else _BACKUP
    save_every = arguments["save_every"] or _number(keys, "saveweights", data)
    return TrainPlan(
        cfg=str(files.cfg),
        data=data,
        base=files.cfg.stem,
        backup=backup,
        weights=str(files.weights) if files.weights else None,
        mend=arguments["darknet_bugs"] == "fix",
        in_order=arguments["exact_order"],
        augment=arguments["augment"] == "cfg",
        map=arguments["judged"],
        overfit=arguments["overfit"] or 0,
        save_every=save_every,
        **{
            name: arguments[name]
            for name in (
                *("images", "split", "valid_split", "names", "voc_origin", "dialect"),
                *("width", "height", "batch", "subdivisions", "max_batches"),
                *("bn_momentum", "seed", "precision", "workers", "clear", "resume", "iou"),
                "save_last",
            )
        },
    )


def _number(keys: dict[str, str], key: str, where: str) -> int | None:
    if key not in keys:
        return None
    if not keys[key].isdecimal() or not int(keys[key]):
        raise UsageError(f"{key}= is no number", where=where, expected="1 or more", got=keys[key])
    return int(keys[key])


def _devices(arguments: dict[str, Any]) -> list[str]:
    gpus, processes = arguments["gpus"], arguments["processes"]
    if gpus and processes:
        raise UsageError("--gpus and --processes exclude each other")
    if processes:
        return ["cpu"] * int(processes)
    if not gpus:
        return [str(arguments["device"])]
    numbers = [number.strip() for number in gpus.split(",")]
    if not all(number.isdecimal() for number in numbers):
        raise UsageError("--gpus is no list", expected="numbers, such as 0,1", got=gpus)
    return [f"cuda:{number}" for number in numbers]


def _prepare(plan: TrainPlan, device: str, arguments: dict[str, Any]) -> Run:
    from dataclasses import replace

    from darknet_torch.training.engine import prepare

    with reported(reporting(arguments)):
        return prepare(replace(plan, device=device))


def _show_batch(plan: TrainPlan, arguments: dict[str, Any]) -> None:
    import cv2

    from darknet_torch.augment.sheet import batch_sheet
    from darknet_torch.training.engine import first_batch

    path = Path(arguments["show_batch"])
    run = _prepare(plan, "cpu", arguments)
    batch, material = first_batch(run), run.material
    if not run.network.net.is_picture:
        raise UsageError("there is nothing to draw", expected="a network that takes pictures")
    sheet = batch_sheet(
        batch.images.numpy(), batch.truths.numpy(), material.names, side=material.side
    )
    done, data = cv2.imencode(path.suffix or ".png", sheet)
    if not done:
        raise UsageError("cannot be encoded", where=path, expected="a name such as batch.png")
    write_bytes(path, data.tobytes())
    click.echo(f"{len(batch.images)} pictures: {path}", err=True)


class Lines:
    """Prints how a training goes: iterations to standard output, the rest to standard error."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet, self.problems = quiet, 0

    def say(self, text: str) -> None:
        """A remark, unless --quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    def iteration(self, line: str, details: list[str]) -> None:
        """An update of the weights; its details unless --quiet."""
        for detail in details:
            self.say(detail)
        click.echo(line)

    def problem(self, problem: Problem) -> None:
        """Something wrong in the data: the first few, then only their number at the end."""
        self.problems += 1
        if self.problems <= _SHOWN:
            click.echo(f"warning: {problem}", err=True)
        elif self.problems == _SHOWN + 1:
            click.echo("warning: more problems like these are counted only", err=True)

    def score(self, score: Score) -> None:
        """What `detector map` would print."""
        click.echo("\n".join(score.lines))


class LinesMaker:
    """Makes `Lines` in another process."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def __call__(self) -> Lines:
        return Lines(quiet=self.quiet)
