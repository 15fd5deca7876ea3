"""`dtorch new`: a custom cfg from a base."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.cli.anchor_search import (
    AnchorSearchOptions,
    AnchorTarget,
    find_anchors,
    measure_boxes,
)
from darknet_torch.cli.data_options import DataSetOptions, data_set_options
from darknet_torch.cli.dataset_loading import protect_data_set
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.options import (
    ReportingOptions,
    allow_large_option,
    dialect_option,
    parsed_into,
    quiet_option,
    reading_options,
    strict_option,
)
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH, POSITIVE, STANDARD_STREAM
from darknet_torch.cli.reporting import report_warnings_at_once, warn_of_problems
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.value_completion import complete_cfg
from darknet_torch.errors import UsageError
from darknet_torch.text import path_exists

if TYPE_CHECKING:
    import numpy as np

    from darknet_torch.custom.dataset_summary import DatasetSummary
    from darknet_torch.datasets.examples import DataSet
    from darknet_torch.lint.cfg import CheckedCfg

_AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class NewOptions(DataSetOptions, ReportingOptions):
    """The options of `dtorch new`.

    Attributes:
        base: a cfg or the name of a shipped one.
        classes: how many; None for as many as there are names.
        max_batches, epochs: the length of the training; None for the advice of AlexeyAB's README.
        anchors: "auto", or the numbers as the cfg writes them; None to keep the base's.
    """

    base: str | None
    classes: int | None
    anchors: str | None
    width: int | None
    height: int | None
    batch: int | None
    subdivisions: int | None
    max_batches: int | None
    epochs: int | None
    dialect: str
    allow_large: bool
    out: str | None
    force: bool


@click.command()
@click.argument("base", type=PATH, required=False, metavar="BASE", shell_complete=complete_cfg)
@click.option("--classes", type=POSITIVE, help="How many classes [default: as many as names].")
@data_set_options
@reading_options
@click.option(
    "--anchors",
    metavar="auto|W,H,...",
    help="New anchors: found by k-means for the boxes of --data, or these numbers, as the cfg "
    "writes them.",
)
@click.option("--width", type=POSITIVE, help="Width of the input [default: the base's].")
@click.option("--height", type=POSITIVE, help="Height of the input [default: the base's].")
@click.option(
    "--batch", type=POSITIVE, help="Pictures per update [default: the base's, 64 instead of 1]."
)
@click.option(
    "--subdivisions",
    type=POSITIVE,
    help="Parts of a batch [default: the base's, 16 if batch is 1].",
)
@click.option(
    "--max-batches",
    type=POSITIVE,
    help="Updates in all [default: 2000 for each class, 6000 or more].",
)
@click.option("--epochs", type=POSITIVE, help="Or: how often to train on each picture of --data.")
@dialect_option
@allow_large_option
@click.option(
    "--out",
    type=OUTPUT_FILE,
    help="The cfg to write, - for standard output [default: <base>-<N>classes.cfg].",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@strict_option
@quiet_option("Print no warnings.")
@parsed_into(NewOptions)
def new(options: NewOptions) -> None:
    """Make a cfg for classes of your own from BASE, a cfg or the name of a shipped one.

    Classes, the filters before the heads, max_batches and steps change as AlexeyAB's README
    says; every other byte stays. With --max-batches or --epochs, burn_in and the like are
    scaled, too. The result is built before it is written. The changed lines are printed, and
    what training would refuse. With --names and without --data a .data file to complete is
    written next to the cfg.

    \b
    dtorch new yolov4-tiny --classes 3
    dtorch new yolov4-tiny --data obj.data --anchors auto --out obj.cfg
    """
    base = _find_base(options)  # before anything heavy is imported
    from darknet_torch.cfg.grammar import encode_cfg, read_cfg_text
    from darknet_torch.custom.customize import CustomOptions, customize
    from darknet_torch.custom.dataset_summary import resolve_class_count
    from darknet_torch.files import write_bytes

    path = find_cfg(base)
    protect_inputs([path])
    to_stdout = options.out == STANDARD_STREAM
    with report_warnings_at_once(options):
        summary = _summarize_data(options)
        classes = resolve_class_count(options.classes, summary)
        default = f"{path.stem}-{classes}classes.cfg"
        target = Path(default if to_stdout or not options.out else options.out)
        if path_exists(target) and not to_stdout and not options.force:
            raise UsageError("already exists", where=target, fix="use --force, or another --out")
        customized = customize(
            read_cfg_text(path),
            CustomOptions(
                classes,
                summary.pictures,
                anchors=_choose_anchors(path, summary, options),
                counters=summary.counters,
                width=options.width,
                height=options.height,
                batch=options.batch,
                subdivisions=options.subdivisions,
                max_batches=options.max_batches,
                epochs=options.epochs,
            ),
            file=str(path),
            dialect=DIALECTS[options.dialect],
        )
    text = encode_cfg(customized.text)
    advice: list[str] = []
    if to_stdout:
        echo(text, nl=False)
    else:
        write_bytes(target, text)
        checked = _report_errors(target, options)
        advice = _advise_anchors(summary.data_set, checked, options)
    data = options.data
    if not data and options.names and not to_stdout:
        data = _write_data_file(target.with_suffix(".data"), classes, options.names)
    train = ["--cfg", str(target), "--data", data or "YOUR.data", *_evaluation(summary, options)]
    lines = [f"{target}:{change.line}: {change}" for change in customized.changes]
    for line in [*lines, *_next_steps(base, customized.kept_layers, train, advice)]:
        echo(line, err=to_stdout)


def _find_base(options: NewOptions) -> str:
    """Return BASE.

    Raises:
        UsageError: it is not given.
    """
    if options.base is None:
        example = ["dtorch", "new", "yolov4-tiny", "--data", options.data or "obj.data"]
        raise UsageError(
            "no cfg to start from",
            expected="BASE, a cfg or the name of a shipped one",
            fix=f"such as {shlex.join(example)}; dtorch info --list names all",
        )
    return options.base


def _summarize_data(options: NewOptions) -> DatasetSummary:
    """Summarize the data set, name its problems, and keep outputs from replacing its files."""
    from darknet_torch.custom.dataset_summary import summarize_dataset

    summary = summarize_dataset(
        data=options.data,
        names=options.names,
        images=options.images,
        split=options.split,
        voc_origin=options.voc_origin,
        exif=options.exif,
    )
    data_set = summary.data_set
    protect_data_set([options.data] if options.data else [], [data_set] if data_set else [])
    if data_set is not None:
        warn_of_problems(data_set.problems, data_set.origin)
    return summary


def _report_errors(target: Path, options: NewOptions) -> CheckedCfg:
    """Print the errors of `dtorch check`: a base may have been made for detection alone."""
    from darknet_torch.lint.cfg import lint_cfg
    from darknet_torch.lint.finding import Severity

    checked = lint_cfg(target, DIALECTS[options.dialect])
    for finding in checked.findings:
        if finding.severity is Severity.ERROR:
            options.print_remark(str(finding))
    return checked


def _advise_anchors(
    data_set: DataSet | None, checked: CheckedCfg, options: NewOptions
) -> list[str]:
    """Return lines about anchors that `dtorch check` warns of; none if they were chosen here."""
    from darknet_torch.lint.anchor_fit import anchors_command, check_anchor_fit
    from darknet_torch.lint.finding import Severity

    if options.data is None or data_set is None or options.anchors or checked.network is None:
        return []
    data = Path(options.data)
    found = check_anchor_fit(data, data_set, checked.network, checked)
    bad = [finding for finding in found if finding.severity is Severity.WARNING]
    command = shlex.join(anchors_command(data, checked.path))
    return [line for finding in bad for line in (f"note: {finding.what}", f"next: {command}")]


def _evaluation(summary: DatasetSummary, options: NewOptions) -> list[str]:
    """Return the option with which training evaluates, if the data set has a list for it."""
    from darknet_torch.datasets.opening import list_splits
    from darknet_torch.datasets.split_names import SAME_AS_VALID

    if options.data is None or summary.data_set is None:
        return []
    return ["--map"] if set(SAME_AS_VALID) & set(list_splits(options.data)) else []


def _write_data_file(path: Path, classes: int, names: str) -> str:
    """Write a .data file for the user to complete, unless there is one; return its path."""
    from darknet_torch.files import write_text

    if path_exists(path):
        return str(path)
    lines = {
        "classes": classes,
        "train": "train.txt",
        "valid": "valid.txt",
        "names": names,
        "backup": "backup",
    }
    write_text(path, "".join(f"{key} = {value}\n" for key, value in lines.items()))
    return str(path)


def _choose_anchors(path: Path, summary: DatasetSummary, options: NewOptions) -> np.ndarray | None:
    """Return the anchors of --anchors; None without it.

    Args:
        path: the base cfg.
        summary: of the data set, whose boxes `auto` fits.
        options: of the command.

    Returns:
        [k, 2] widths and heights in pixels of the input, smallest area first.

    Raises:
        UsageError: they are not widths and heights, or there are no boxes to fit.
    """
    if not options.anchors:
        return None
    from darknet_torch.anchors.anchor_sections import read_anchor_cfg
    from darknet_torch.anchors.kmeans import sort_by_area

    dialect = DIALECTS[options.dialect]
    cfg = read_anchor_cfg(path, dialect)
    if options.anchors != _AUTO:
        return sort_by_area(_parse_anchors(options.anchors) * float(cfg.unit))
    if summary.data_set is None:
        raise UsageError(
            "--anchors auto has no boxes to fit", expected="--data with labelled boxes"
        )
    target = AnchorTarget(
        cfg.count,
        options.height or cfg.net.height,
        options.width or cfg.net.width,
        cfg.net.letter_box or dialect.defaults.letterbox,
    )
    measured = measure_boxes(summary.data_set, target)
    counts = [cfg.count]
    (found,) = find_anchors(AnchorSearchOptions(), measured, counts, quiet=options.quiet)
    options.print_remark(f"anchors fit with an average IoU of {found.fit.average_iou:.2%}")
    return found.anchors


def _parse_anchors(text: str) -> np.ndarray:
    """Parse the numbers of --anchors into [k, 2] widths and heights.

    Raises:
        UsageError: they are not widths and heights.
    """
    import numpy as np

    try:
        values = np.array([float(word) for word in text.split(",")])
    except ValueError:
        values = np.empty(0)
    if not len(values) or len(values) % 2 or not (np.isfinite(values) & (values > 0)).all():
        raise UsageError(
            "--anchors is not a list of widths and heights",
            expected='auto, or pairs of numbers above 0, such as "10,14, 23,27"',
            got=repr(text),
        )
    return values.reshape(-1, 2)


def _next_steps(
    base: str, kept_layers: int, train: Sequence[str], advice: Sequence[str]
) -> list[str]:
    """Return the lines with the commands to run next.

    Args:
        base: the cfg that was changed.
        kept_layers: how many of its layers can keep their weights.
        train: the options of `dtorch train` but --weights.
        advice: lines about what to do before.
    """
    from darknet_torch.downloads.training_start import find_training_start

    start = find_training_start(base, kept_layers)
    weights = ["--weights", start.weights] if start.weights else []
    commands = [*start.commands, ["dtorch", "train", *train, *weights]]
    note = [f"note: {start.note}"] if start.note else []
    return [*advice, *note, *(f"next: {shlex.join(command)}" for command in commands)]
