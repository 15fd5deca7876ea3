"""`dtorch convert`: models to other files and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.zoo import companion
from darknet_torch.cli.data_options import NamesOptions, names_options
from darknet_torch.cli.model_loading import find_given_names, find_mismatch, print_taken
from darknet_torch.cli.options import (
    CfgOptions,
    cfg_options,
    parsed_into,
    quiet_option,
    verbose_option,
)
from darknet_torch.cli.parameter_types import FRACTION, OUTPUT_FILE, PATH, WholeRange
from darknet_torch.cli.progress import stage_line
from darknet_torch.cli.reporting import report_warnings_at_once
from darknet_torch.cli.terminal import echo
from darknet_torch.downloads.model_files import resolve_model

if TYPE_CHECKING:
    from darknet_torch.export.graphs import GraphOptions


@dataclass(frozen=True, kw_only=True)
class ConvertOptions(CfgOptions, NamesOptions):
    """The options of `dtorch convert`.

    Attributes:
        src, dst: the files to read and to write.
        nms, decode, fold: what a graph returns, and whether batch normalisation is folded.
        threshold, nms_threshold, opset: of a graph; None for the defaults.
        tolerance: the largest difference to accept; None for the default.
    """

    src: str
    dst: str
    dialect_to: str | None
    decode: bool
    nms: bool
    threshold: float | None
    nms_threshold: float | None
    opset: int | None
    fold: bool
    tolerance: float | None
    verbose: bool


@click.command()
@click.argument("src", type=PATH)
@click.argument("dst", type=OUTPUT_FILE)
@cfg_options
@names_options
@click.option(
    "--dialect-to", type=click.Choice(list(DIALECTS)), help="Rewrite it for that code base."
)
@click.option("--decode", is_flag=True, help="The graph returns boxes and scores.")
@click.option("--nms", is_flag=True, help="The graph returns the boxes that NMS keeps.")
@click.option("--threshold", type=FRACTION, help="Least score for --nms [default: 0.25].")
@click.option("--nms-threshold", type=FRACTION, help="Largest IoU for --nms [default: 0.45].")
@click.option("--opset", type=WholeRange(18), help="The opset of ONNX [default: 18].")
@click.option("--fold", is_flag=True, help="Fold batch normalisation into the weights.")
@click.option("--tolerance", type=click.FloatRange(min=0), help="Largest difference to accept.")
@quiet_option("Print no warnings.")
@verbose_option
@parsed_into(ConvertOptions)
def convert(options: ConvertOptions) -> None:
    """Convert the model SRC to DST, and check that it is the same.

    SRC is a Darknet weight file (with --cfg, or its cfg is found by name), a .pt or .safetensors
    file of this program, or a PyTorch checkpoint of a known port of Darknet or backbone. The
    suffix of DST says what to write: .weights, .pt, .safetensors, .onnx, .torchscript, .pt2.

    What is written is read or run again and compared with its source, and the worst difference
    is printed; a file that differs by more than --tolerance is not kept.
    """
    from darknet_torch.conversion.convert import TOLERANCE
    from darknet_torch.conversion.convert import convert as run

    files = resolve_model(options.cfg, options.src, mismatch=find_mismatch(options))
    if files.cfg != companion(Path(options.src), ".cfg"):  # the documented default
        print_taken(options, files.taken)
    with report_warnings_at_once(options), stage_line(quiet=options.quiet) as show_stage:
        report = run(
            options.src,
            options.dst,
            cfg=files.cfg,
            names=find_given_names(options, options.names, options.data),
            dialect=options.dialect,
            dialect_to=options.dialect_to,
            width=options.width,
            height=options.height,
            strict=not options.allow_leftover,
            graph=_graph_options(options),
            tolerance=TOLERANCE if options.tolerance is None else options.tolerance,
            on_stage=show_stage,
        )
    for line in report.lines():
        echo(line)


def _graph_options(options: ConvertOptions) -> GraphOptions | None:
    """Return the options of graphs; None if none of them is given."""
    from darknet_torch.export.graphs import GraphOptions

    given: dict[str, Any] = {
        "fold": options.fold or None,
        "opset": options.opset,
        "threshold": options.threshold,
        "nms_threshold": options.nms_threshold,
    }
    if options.nms or options.decode:
        given["outputs"] = "detections" if options.nms else "boxes"
    chosen = {name: value for name, value in given.items() if value is not None}
    return GraphOptions(**chosen) if chosen else None
