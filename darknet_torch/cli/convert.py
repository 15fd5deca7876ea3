"""`dtorch convert`: models to other files and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.zoo import companion
from darknet_torch.cli.model_loading import given_names, reported_at_once, reporting
from darknet_torch.cli.options import cfg_options, names_options
from darknet_torch.cli.value_completion import PATH
from darknet_torch.downloads.model_files import resolve_model

if TYPE_CHECKING:
    from darknet_torch.export.graphs import GraphOptions


@click.command(short_help="Convert models: .weights, .pt, .safetensors, .onnx, ...")
@click.argument("src", type=PATH)
@click.argument("dst", type=PATH)
@cfg_options
@names_options
@click.option(
    "--dialect-to", type=click.Choice(list(DIALECTS)), help="Rewrite it for that code base."
)
@click.option("--decode", is_flag=True, help="The graph returns boxes and scores.")
@click.option("--nms", is_flag=True, help="The graph returns what remains of overlapping boxes.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Of --nms [default: 0.25].")
@click.option("--nms-threshold", type=click.FloatRange(0, 1), help="Of --nms [default: 0.45].")
@click.option("--opset", type=click.IntRange(min=18), help="Of ONNX [default: 18].")
@click.option("--fold", is_flag=True, help="Fold batch normalisation into the weights.")
@click.option("--tolerance", type=click.FloatRange(min=0), help="Largest difference to accept.")
@click.option("--quiet", is_flag=True, help="No warnings.")
@click.option("--verbose", is_flag=True, help="Say more about what is loaded.")
def convert(src: str, dst: str, **arguments: Any) -> None:
    """Convert the model SRC to DST, and check that it is the same.

    SRC is a Darknet weight file (with --cfg, or the cfg beside it), a .pt or .safetensors
    file of this program, or a PyTorch checkpoint of a known port of Darknet or backbone. The
    suffix of DST says what to write: .weights, .pt, .safetensors, .onnx, .torchscript, .pt2.

    What is written is read or run again beside its source, and the worst difference is
    printed; a file that differs by more than --tolerance is not kept.
    """
    from darknet_torch.conversion.convert import TOLERANCE
    from darknet_torch.conversion.convert import convert as run

    tolerance = arguments["tolerance"]
    with reported_at_once(reporting(arguments)):
        report = run(
            src,
            dst,
            cfg=arguments["cfg"],
            names=_names(src, arguments),
            dialect=arguments["dialect"],
            dialect_to=arguments["dialect_to"],
            width=arguments["width"],
            height=arguments["height"],
            strict=not arguments["allow_leftover"],
            graph=_graph_options(arguments),
            tolerance=TOLERANCE if tolerance is None else tolerance,
        )
    for line in report.lines():
        click.echo(line)


def _names(src: str, arguments: dict[str, Any]) -> str | None:
    """The names given, or those beside the cfg or the weight file."""
    given = given_names(arguments["names"], arguments["data"])
    cfg = resolve_model(arguments["cfg"]).cfg if arguments["cfg"] else Path(src)
    if given or not cfg.is_file():
        return given
    beside = companion(cfg, ".names")
    return str(beside) if beside.is_file() else None


def _graph_options(arguments: dict[str, Any]) -> GraphOptions | None:
    """What the options say of graphs; None if they say nothing."""
    from darknet_torch.export.graphs import GraphOptions

    given = {"fold": arguments["fold"] or None, "opset": arguments["opset"]}
    given |= {name: arguments[name] for name in ("threshold", "nms_threshold")}
    if arguments["nms"] or arguments["decode"]:
        given["outputs"] = "detections" if arguments["nms"] else "boxes"
    chosen = {name: value for name, value in given.items() if value is not None}
    return GraphOptions(**chosen) if chosen else None
