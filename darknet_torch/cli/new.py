"""`dtorch new`: a custom cfg from a base."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cli.model_loading import Reporting, reported_at_once
from darknet_torch.cli.options import data_set_options
from darknet_torch.cli.value_completion import complete_cfg
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from darknet_torch.custom.customize import Customized
    from darknet_torch.custom.facts import Facts

_POSITIVE = click.IntRange(min=1)
_AUTO = "auto"


@click.command(short_help="Make a cfg for your own classes.")
@click.argument("base", shell_complete=complete_cfg)
@click.option("--classes", type=_POSITIVE, help="How many classes [default: as many as names].")
@data_set_options
@click.option(
    "--anchors",
    metavar="auto|W,H,...",
    help="New anchors: by k-means from --data, or these, as the cfg spells them.",
)
@click.option("--width", type=_POSITIVE, help="Width of the input [default: the base's].")
@click.option("--height", type=_POSITIVE, help="Height of the input [default: the base's].")
@click.option("--batch", type=_POSITIVE, help="[default: the base's, 64 instead of 1]")
@click.option("--subdivisions", type=_POSITIVE, help="[default: the base's, 16 if batch is 1]")
@click.option("--dialect", type=click.Choice(list(DIALECTS)), default="alexeyab")
@click.option(
    "--out",
    type=click.Path(dir_okay=False),
    help="The cfg to write, - for standard output [default: <base>-<N>classes.cfg].",
)
@click.option("--force", is_flag=True, help="Overwrite it.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option("--quiet", is_flag=True, help="No warnings.")
def new(base: str, out: str | None, force: bool, **arguments: Any) -> None:
    """Make a cfg for classes of your own from BASE, a cfg or the name of a shipped one.

    Classes, the filters before the heads, max_batches and steps change as AlexeyAB's README
    says; every other byte stays. The result is built before it is written, and the changed
    lines are printed, and what training would refuse. With --names and without --data a .data
    file is begun beside it.

    \b
    dtorch new yolov4-tiny --classes 3
    dtorch new yolov4-tiny --data obj.data --anchors auto --out obj.cfg
    """
    from darknet_torch.cfg.grammar import read_cfg_text
    from darknet_torch.custom.customize import Wishes, customize
    from darknet_torch.custom.facts import agreed_classes, gather
    from darknet_torch.files import write_bytes

    path = resolve_model(base).cfg
    report = Reporting(strict=arguments["strict"], quiet=arguments["quiet"], verbose=False)
    with reported_at_once(report):
        sources = ("data", "names", "images", "split", "voc_origin")
        facts = gather(**{key: arguments[key] for key in sources})
        classes = agreed_classes(arguments["classes"], facts)
        printed = out == "-"
        target = Path(f"{path.stem}-{classes}classes.cfg" if printed or not out else out)
        if target.exists() and not printed and not force:
            raise UsageError("is there already", where=target, fix="say --force, or another --out")
        kept = ("width", "height", "batch", "subdivisions")
        made = customize(
            read_cfg_text(path),
            Wishes(
                classes,
                facts.pictures,
                anchors=_anchors(path, facts, arguments, report),
                counters=facts.counters,
                **{key: arguments[key] for key in kept},
            ),
            file=str(path),
            dialect=DIALECTS[arguments["dialect"]],
        )
    text = made.text.encode("latin-1")
    if printed:
        click.echo(text, nl=False)
    else:
        write_bytes(target, text)
        _tell_errors(target, arguments["dialect"], report)
    data = arguments["data"]
    if not data and arguments["names"] and not printed:
        data = _begin_data(target.with_suffix(".data"), classes, arguments["names"])
    _tell(made, base, target, data or "YOUR.data", to_stderr=printed)


def _tell_errors(target: Path, dialect: str, report: Reporting) -> None:
    """Say what `dtorch check` calls errors: a base may be made for detection alone."""
    from darknet_torch.lint.cfg import lint_cfg
    from darknet_torch.lint.finding import Severity

    for finding in lint_cfg(target, DIALECTS[dialect]).findings:
        if finding.severity is Severity.ERROR:
            report.say(str(finding))


def _begin_data(path: Path, classes: int, names: str) -> str:
    """A .data file to complete, unless there is one; its path."""
    from darknet_torch.files import write_text

    if path.exists():
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


def _anchors(
    path: Path, facts: Facts, arguments: dict[str, Any], report: Reporting
) -> np.ndarray | None:
    """[k, 2] in pixels of the input, smallest first, as --anchors says; None without it."""
    if not arguments["anchors"]:
        return None
    from darknet_torch.anchors.heads import read_anchor_cfg
    from darknet_torch.anchors.kmeans import by_area

    dialect = DIALECTS[arguments["dialect"]]
    cfg = read_anchor_cfg(path, dialect)
    if arguments["anchors"] != _AUTO:
        return by_area(_given(arguments["anchors"]) * float(cfg.unit))
    if facts.data_set is None:
        raise UsageError(
            "--anchors auto has no boxes to fit", expected="--data with labelled boxes"
        )
    from darknet_torch.cli.anchor_search import (
        KMEANS_DEFAULTS,
        Setting,
        find_anchors,
        measure_boxes,
    )

    setting = Setting(
        cfg.count,
        arguments["height"] or cfg.net.height,
        arguments["width"] or cfg.net.width,
        cfg.net.letter_box or dialect.letterbox,
    )
    measured = measure_boxes(facts.data_set, setting)
    (found,) = find_anchors(KMEANS_DEFAULTS, measured, [cfg.count])
    report.say(f"anchors fit with an average IoU of {found.fit.average_iou:.2%}")
    return found.anchors


def _given(text: str) -> np.ndarray:
    """[k, 2] of the numbers of --anchors.

    Raises:
        UsageError: they are no widths and heights.
    """
    import numpy as np

    try:
        values = np.array([float(word) for word in text.split(",")])
    except ValueError:
        values = np.empty(0)
    if not len(values) or len(values) % 2 or not (np.isfinite(values) & (values > 0)).all():
        raise UsageError(
            "--anchors are no widths and heights",
            expected='auto, or pairs of numbers above 0, such as "10,14, 23,27"',
            got=repr(text),
        )
    return values.reshape(-1, 2)


def _tell(made: Customized, base: str, target: Path, data: str, *, to_stderr: bool) -> None:
    """Print the changed lines and the next commands."""
    start, commands = _start(base, made.kept_layers)
    train = ["dtorch", "train", "--cfg", str(target), "--data", data, "--weights", start]
    lines = [f"{target}:{change.line}: {change}" for change in made.changes]
    lines += [f"next: {shlex.join(command)}" for command in [*commands, train]]
    for line in lines:
        click.echo(line, err=to_stderr)


def _start(base: str, layers: int) -> tuple[str, list[list[str]]]:
    """The weight file to start training from, and the commands that bring it.

    Args:
        base: a cfg or the name of a shipped one.
        layers: how many of its layers, from the first, can be kept.
    """
    from darknet_torch.cfg.zoo import companion
    from darknet_torch.downloads.finding import downloaded
    from darknet_torch.downloads.published import usual_start

    path = resolve_model(base).cfg
    published = usual_start(path.stem)
    if published is not None:
        there = Path(published.name).exists() or downloaded(published)
        fetch = ["dtorch", "download", published.name]
        return published.name, [] if there else [fetch]
    beside = companion(path, ".weights")
    weights = str(beside) if beside.exists() else f"{path.stem}.weights"
    start = f"{path.stem}.conv.{layers}"
    return start, [["dtorch", "partial", base, weights, start, str(layers)]]
