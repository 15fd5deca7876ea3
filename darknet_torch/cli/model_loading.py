"""A command's options to a network and its names, with warnings on standard error."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.data_file import read_data_file, resolve
from darknet_torch.cfg.zoo import read_names, shipped
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.errors import CfgError, CfgNote, CfgWarning, DarknetError, UsageError

if TYPE_CHECKING:
    from darknet_torch.model.network import Network

_KNOWN_CLASSES = {80: "coco", 20: "voc"}


@dataclass(frozen=True, kw_only=True)
class Reporting:
    """The options of a command that say how to report."""

    strict: bool
    quiet: bool
    verbose: bool

    def say(self, text: str) -> None:
        """A line on standard error, unless --quiet."""
        if not self.quiet:
            click.echo(text, err=True)


@dataclass(frozen=True, kw_only=True)
class ModelOptions(Reporting):
    """The options of a command that say which model to run, and how to report on it."""

    cfg: str
    weights: str | None
    names: str | None
    data: str | None
    dialect: str
    width: int | None
    height: int | None
    allow_leftover: bool


def load_model(options: ModelOptions) -> Network:
    """The network that the options name, with its weights.

    Raises:
        CfgError, WeightsError, UsageError: as `darknet_torch.load`; also CfgError for
            every warning under --strict, UsageError when no weights are found.
    """
    from darknet_torch.model.loading import load_with_report

    files = resolve_model(options.cfg, options.weights or None, default_weights=True)
    with reported(options):
        network, report = load_with_report(
            files.cfg,
            files.weights,
            width=options.width,
            height=options.height,
            dialect=options.dialect,
            strict=not options.allow_leftover,
        )
    if report is not None and not report.complete:
        options.say(f"warning: {report}; the other layers hold random numbers")
    elif options.verbose:
        options.say(f"loaded {report}")
    return network


def load_to_device(options: ModelOptions, arguments: dict[str, Any]) -> Network:
    """`load_model` on --device, with --threads and --seed in force.

    Raises:
        UsageError: there is no such device; and as `load_model`.
    """
    import torch

    from darknet_torch.model.loading import find_device

    device = find_device(arguments["device"])
    if arguments["threads"]:
        torch.set_num_threads(arguments["threads"])
    if arguments["seed"] is not None:
        torch.manual_seed(arguments["seed"])
    return load_model(options).to(device)


def read_network(options: ModelOptions) -> Network:
    """The network that the options name, its arrays without values."""
    from darknet_torch.model.loading import build

    with reported(options):
        return build(
            options.cfg, width=options.width, height=options.height, dialect=options.dialect
        )


@contextmanager
def reported(options: Reporting) -> Iterator[None]:
    """Print what is warned of; under --strict raise it instead, all of it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CfgWarning)
        try:
            yield
        except DarknetError:
            _report(options, caught)
            raise
    faults = _report(options, caught)
    if options.strict and faults:
        raise CfgError("\n  ".join([f"refused under --strict ({len(faults)}):", *faults]))


@contextmanager
def reported_at_once(options: Reporting) -> Iterator[None]:
    """As `reported`, for what writes files: under --strict the first fault ends the block."""
    if not options.strict:
        with reported(options):
            yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error", CfgWarning)
        warnings.simplefilter("ignore", CfgNote)
        try:
            yield
        except CfgWarning as fault:
            raise CfgError(f"refused under --strict: {fault}") from None


def _report(options: Reporting, caught: Iterable[warnings.WarningMessage]) -> list[str]:
    """Print what was warned of, less what --strict will raise; the faults among it."""
    faults = []
    for warning in caught:
        note = issubclass(warning.category, CfgNote)
        faults += [] if note else [str(warning.message)]
        if note or not options.strict:
            options.say(f"{'note' if note else 'warning'}: {warning.message}")
    return faults


def find_names(options: ModelOptions, classes: int) -> list[str] | str | None:
    """The names of the classes: given, beside the cfg, or guessed from their number."""
    given = given_names(options.names, options.data)
    if given:
        return given
    beside = resolve_model(options.cfg).companion(".names")
    if beside.exists():
        return str(beside)
    guess = _KNOWN_CLASSES.get(classes)
    if guess in shipped(".names"):
        options.say(f"note: {classes} classes, named as in {guess}; --names FILE for others")
        return read_names(guess)
    return None


def given_names(names: str | None, data: str | None) -> str | None:
    """The names file that --names or --data give; None without either."""
    if names or not data:
        return names
    named = read_data_file(data).get("names")
    if named is None:
        raise UsageError("has no names=", where=data, expected="names=FILE")
    return str(resolve(data, named))


def reporting(arguments: dict[str, Any]) -> Reporting:
    """`Reporting` from a command's keyword arguments."""
    return Reporting(**{name: arguments[name] for name in ("strict", "quiet", "verbose")})


def from_command(arguments: dict[str, Any]) -> ModelOptions:
    """`ModelOptions` from a command's keyword arguments."""
    return ModelOptions(**{name: arguments[name] for name in ModelOptions.__dataclass_fields__})
