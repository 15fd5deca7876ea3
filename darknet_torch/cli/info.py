"""`dtorch info`: a network's layer table."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import click

from darknet_torch.cfg.zoo import shipped
from darknet_torch.cli.model_loading import build_model, complete_model, load_model, print_taken
from darknet_torch.cli.options import (
    ModelOptions,
    ReportFormatOptions,
    network_options,
    parsed_into,
    quiet_option,
    report_format_options,
    verbose_option,
)
from darknet_torch.cli.parameter_types import OUTPUT_FILE, PATH
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.value_completion import complete_cfg
from darknet_torch.errors import UsageError
from darknet_torch.files import write_text

_GRAPH_SUFFIX = ".svg"


@dataclass(frozen=True, kw_only=True)
class InfoOptions(ModelOptions, ReportFormatOptions):
    """The options of `dtorch info`.

    Attributes:
        network_cfg: the cfg as an argument, used without --cfg.
        lists: list the shipped definitions instead.
        graph: the file to draw the layers to.
    """

    network_cfg: str | None
    lists: bool
    graph: str | None


@click.command()
@click.argument(
    "network_cfg", type=PATH, metavar="[CFG]", required=False, shell_complete=complete_cfg
)
@network_options
@click.option("--list", "lists", is_flag=True, help="List the names of the shipped definitions.")
@report_format_options
@click.option("--graph", type=OUTPUT_FILE, help="Draw the layers to this SVG file.")
@quiet_option("Print no warnings.")
@verbose_option
@parsed_into(InfoOptions)
def info(options: InfoOptions) -> None:
    """Show a network's layers: shapes, operations, values, expected weight file.

    CFG is a path or the name of a shipped definition; a weight file stands for its cfg, too. With
    weights the file is read, and refused if it does not fit.
    """
    if options.lists:
        echo("\n".join(shipped(".cfg")))
        return
    cfg = options.cfg or options.network_cfg
    if not (cfg or options.weights):
        raise UsageError("no network", expected="dtorch info CFG")
    if options.graph:
        _check_graph_suffix(Path(options.graph))
    from darknet_torch.model.summary import summarize
    from darknet_torch.model.svg import draw_graph

    options = complete_model(replace(options, cfg=cfg), default_weights=False)
    if options.weights:
        model = load_model(options)
        print_taken(options, model.taken)
        network = model.own_network
    else:
        network = build_model(options)
    summary = summarize(network)
    if options.graph:
        write_text(
            Path(options.graph), draw_graph(summary.rows, Path(cfg or options.weights or "").stem)
        )
    if options.is_json:
        echo(json.dumps(summary.to_dict(), indent=1))
        return
    for line in summary.lines():
        echo(line)


def _check_graph_suffix(path: Path) -> None:
    """Refuse a suffix that promises another format than SVG."""
    if path.suffix.lower() not in ("", _GRAPH_SUFFIX):
        raise UsageError(
            "this graph format cannot be written",
            where=path,
            expected=_GRAPH_SUFFIX,
            got=path.suffix,
            fix=f"write {path.with_suffix(_GRAPH_SUFFIX)} and convert it",
        )
