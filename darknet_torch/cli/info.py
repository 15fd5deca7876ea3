"""`dtorch info`: a network's layer table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from darknet_torch.cfg.zoo import shipped
from darknet_torch.cli.model_loading import from_command, load_model, read_network
from darknet_torch.cli.options import network_options
from darknet_torch.cli.value_completion import complete_cfg
from darknet_torch.errors import UsageError
from darknet_torch.files import write_text


@click.command(short_help="Show a network's layers.")
@click.argument("network_cfg", metavar="[CFG]", required=False, shell_complete=complete_cfg)
@network_options
@click.option("--list", "lists", is_flag=True, help="Print the names of the shipped cfgs.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@click.option("--graph", type=click.Path(dir_okay=False), help="Draw the layers as SVG here.")
@click.option("--quiet", is_flag=True, help="No warnings.")
@click.option("--verbose", is_flag=True, help="Say more about what is loaded.")
def info(
    network_cfg: str | None, lists: bool, as_json: bool, graph: str | None, **arguments: Any
) -> None:
    """Show a network's layers: shapes, operations, values, expected weight file.

    CFG is a path or the name of a shipped definition. With --weights the file is read too,
    and refused if it does not fit.
    """
    if lists:
        click.echo("\n".join(shipped(".cfg")))
        return
    arguments["cfg"] = arguments["cfg"] or network_cfg
    if arguments["cfg"] is None:
        raise UsageError("no network", expected="dtorch info CFG")
    from darknet_torch.model.summary import summarize
    from darknet_torch.model.svg import draw_graph

    options = from_command({"names": None, "data": None, **arguments})
    network = load_model(options) if options.weights else read_network(options)
    summary = summarize(network)
    if graph:
        write_text(Path(graph), draw_graph(summary.rows, Path(options.cfg).stem))
    if as_json:
        click.echo(json.dumps(summary.to_dict(), indent=1))
        return
    for line in summary.lines():
        click.echo(line)
