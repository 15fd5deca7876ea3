"""The network and the names of classes that a command's options name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from darknet_torch.cfg.data_file import read_data_file
from darknet_torch.cfg.zoo import read_names, shipped
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.options import ModelOptions, RunOptions
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cpu.contention import watching_contention
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import UsageError
from darknet_torch.text import path_exists

if TYPE_CHECKING:
    from darknet_torch.model.network import Network

_KNOWN_CLASSES = {80: "coco", 20: "voc"}


@dataclass(frozen=True, kw_only=True)
class RunModelOptions(ModelOptions, RunOptions):
    """A network, and how to run it."""


def load_model(options: ModelOptions) -> Network:
    """Build the network and read its weights; report what is wrong with either.

    Raises:
        CfgError, WeightsError, UsageError: as `darknet_torch.load`; also CfgError for the
            warnings under --strict, UsageError when no weights are found.
    """
    from darknet_torch.model.loading import load_with_report

    files = resolve_model(options.cfg, options.weights or None, default_weights=True)
    protect_inputs([files.cfg, files.weights])
    with report_warnings(options):
        network, report = load_with_report(
            files.cfg,
            files.weights,
            width=options.width,
            height=options.height,
            dialect=options.dialect,
            strict=not options.allow_leftover,
        )
    if report is not None and not report.complete:
        options.print_remark(f"warning: {report}; the other layers hold random numbers")
    elif options.verbose:
        options.print_remark(f"loaded {report}")
    return network


def load_model_to_device(options: RunModelOptions) -> Network:
    """`load_model` on --device, after --threads and --seed have taken effect.

    Until the command ends, a warning says if its threads wait for cores.

    Raises:
        UsageError: there is no such device; and as `load_model`.
    """
    import torch

    from darknet_torch.model.loading import find_device

    device = find_device(options.device)
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.seed is not None:
        torch.manual_seed(options.seed)
    network = load_model(options).to(device)
    if device.type == "cpu":
        _warn_of_contention(options, torch.get_num_threads())
    return network


def _warn_of_contention(options: RunModelOptions, threads: int) -> None:
    """Warn once if the threads of this process wait for cores while the command runs."""
    context = click.get_current_context(silent=True)
    if context is not None and threads > 1 and not options.quiet:
        watching = watching_contention(
            threads, lambda text: options.print_remark(f"warning: {text}")
        )
        context.with_resource(watching)


def build_model(options: ModelOptions) -> Network:
    """Build the network without weights; its arrays have no values."""
    from darknet_torch.model.loading import build

    cfg = resolve_model(options.cfg).cfg
    protect_inputs([cfg])
    with report_warnings(options):
        return build(
            cfg,
            width=options.width,
            height=options.height,
            dialect=options.dialect,
        )


def find_names(
    options: ModelOptions, classes: int, names_file: str | None
) -> list[str] | str | None:
    """Find the names of a network's classes.

    Args:
        options: of the network.
        classes: how many the network has.
        names_file: the file that the user names, if any.

    Returns:
        `names_file`, else the .names file next to the cfg, else the names of COCO or VOC if
        their number fits, which is noted; else None.
    """
    if names_file:
        return names_file
    neighbour = resolve_model(options.cfg).companion(".names")
    if path_exists(neighbour):
        protect_inputs([neighbour])
        return str(neighbour)
    guess = _KNOWN_CLASSES.get(classes)
    if guess in shipped(".names"):
        options.print_remark(
            f"note: {classes} classes, named as in {guess}; --names FILE for others"
        )
        return read_names(guess)
    return None


def find_names_file(names: str | None, data: str | None) -> str | None:
    """Return the names file that --names or the .data file of --data names; None without either.

    Raises:
        UsageError: the .data file has no names=.
    """
    if names or not data:
        return names
    named = read_data_file(data).get("names")
    if named is None:
        raise UsageError("has no names=", where=data, expected="names=FILE")
    path = named.path()
    protect_inputs([path])
    return str(path)
