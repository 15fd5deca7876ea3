"""`dtorch bench`: PyTorch and the engines on one model, compared on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.cli.bench_report import BenchReport, Subject
from darknet_torch.cli.data_options import data_set_options
from darknet_torch.cli.engine_loading import find_key
from darknet_torch.cli.int8 import (
    Int8Options,
    Int8Report,
    exit_if_none,
    int8_options,
    prepare_int8,
)
from darknet_torch.cli.model_loading import (
    complete_model,
    load_model,
    loading_arguments,
    print_taken,
)
from darknet_torch.cli.model_words import ModelWordsOptions, take_model_words
from darknet_torch.cli.options import (
    OutputOptions,
    max_pixels_option,
    network_options,
    output_options,
    parsed_into,
    threads_option,
)
from darknet_torch.cli.parameter_types import AMOUNT, PATH, POSITIVE
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cli.result_output import print_or_write
from darknet_torch.cpu.machine import machine_name
from darknet_torch.downloads.model_files import NoWeightsError
from darknet_torch.engines.choice import BATCH_SIZES
from darknet_torch.engines.model_key import CHANGED, CHANGED_FIX
from darknet_torch.engines.names import BACKENDS, ENGINES, TORCH
from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.extras import install_command
from darknet_torch.inference.engine_speeds import THOROUGH, Effort
from darknet_torch.ops.precision_names import FLOAT32, INT8

if TYPE_CHECKING:
    from darknet_torch.engines.cache import EngineCache
    from darknet_torch.engines.model_key import ModelKey
    from darknet_torch.inference.engine_bench import EngineBench
    from darknet_torch.inference.preparing import Preparation
    from darknet_torch.model.network import Network

_RANDOM = "random weights with the statistics of noise"
_NOT_KEPT = "nothing is kept in the cache: auto chooses for models with weights"


@dataclass(frozen=True, kw_only=True)
class BenchOptions(ModelWordsOptions, OutputOptions, Int8Options):
    """The options of `dtorch bench`.

    Attributes:
        backend: what to measure besides PyTorch; () for all engines.
        batch: the largest number of pictures at once.
        rounds: turns of each engine.
        seconds: of a turn.
        precision: in int8 engines are prepared with a data set, and measured with it.
    """

    precision: str
    backend: tuple[str, ...]
    batch: int
    rounds: int
    seconds: float
    threads: int | None

    @property
    def engines(self) -> tuple[str, ...]:
        """What to measure besides PyTorch."""
        return tuple(name for name in self.backend or ENGINES if name != TORCH)

    @property
    def effort(self) -> Effort:
        """How long to measure."""
        sizes = tuple(size for size in BATCH_SIZES if size < self.batch)
        return replace(
            THOROUGH, rounds=self.rounds, seconds=self.seconds, sizes=(*sizes, self.batch)
        )


@click.command()
@click.argument("source", nargs=-1, type=PATH, metavar="CFG [WEIGHTS]")
@network_options
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    multiple=True,
    help="Measure this one, repeated for several; torch always [default: all].",
)
@click.option(
    "--batch",
    type=POSITIVE,
    default=BATCH_SIZES[-1],
    help="The most pictures at once that are tried.",
)
@threads_option
@click.option(
    "--precision",
    type=click.Choice((FLOAT32, INT8)),
    default=FLOAT32,
    show_default=True,
    help="int8: calibrate, evaluate and prepare the engines in 8 bits, with --data.",
)
@data_set_options
@max_pixels_option
@int8_options
@click.option("--rounds", type=POSITIVE, default=THOROUGH.rounds, help="Turns of each engine.")
@click.option("--seconds", type=AMOUNT, default=THOROUGH.seconds, help="Of each turn.")
@output_options
@parsed_into(BenchOptions)
def bench(options: BenchOptions) -> None:
    """Compare PyTorch and the installed engines on a network, on this machine.

    The network is prepared for each engine, whose outputs are compared with PyTorch's. Each
    computes in a process of its own, and these take turns. What is prepared, and the speeds, stay
    in the cache, so that --backend auto of other commands takes the fastest. Without weights the
    numbers are random, and nothing is kept.

    With --precision int8 the engines are calibrated with pictures of the training part of --data,
    and mAP on its valid part says what that costs; an engine that loses more than --max-drop
    points is refused.

    CFG is a path or the name of a shipped definition; WEIGHTS a path, or the name of downloaded
    ones.
    """
    options = _take_words(options)
    _check_data(options)
    with _open_model(options) as model:
        report = (_measure_int8 if options.precision == INT8 else _measure)(options, model)
    text = json.dumps(report.to_dict(), indent=1)
    print_or_write(
        text if options.output_format == "json" else "\n".join(report.lines()), options.out
    )
    if isinstance(report, Int8Report):
        exit_if_none(report)


def _take_words(options: BenchOptions) -> BenchOptions:
    """The options with the files among the words, and with weights if some are found.

    Raises:
        UsageError: a word is no file of a model, or there is no network.
    """
    options, _ = take_model_words(options)
    if options.source:
        raise UsageError(
            "not a cfg or weights",
            where=options.source[0],
            expected="dtorch bench CFG [WEIGHTS]",
            fix="dtorch info --list names the shipped definitions",
        )
    if not (options.cfg or options.weights):
        raise UsageError("no network", expected="dtorch bench CFG [WEIGHTS]")
    try:
        return complete_model(options)
    except NoWeightsError:
        return complete_model(options, default_weights=False)


def _check_data(options: BenchOptions) -> None:
    """Refuse a data set that would not be read.

    Raises:
        UsageError: there is one, without int8.
    """
    if options.data and options.precision != INT8:
        raise UsageError(
            "--data has no use without int8",
            expected="--precision int8 with --data",
            got=f"--data {options.data}",
            fix="add --precision int8, or leave out --data",
        )


@dataclass(frozen=True)
class _BenchModel:
    """A model to measure.

    Attributes:
        network: the network.
        options: with the files from which another process loads the same network.
        weights: where these come from.
        key: found before the network was loaded; None if the files could not be read then.
        warnings: that loading the network issued.
        folder: of the cache; None for the user's.
        note: what the report must say; "" for nothing.
    """

    network: Network
    options: BenchOptions
    weights: str
    key: ModelKey | None
    warnings: tuple[CfgWarning, ...] = ()
    folder: Path | None = None
    note: str = ""


@contextmanager
def _open_model(options: BenchOptions) -> Iterator[_BenchModel]:
    """Load the model; without all of its weights it lies in a temporary folder."""
    if options.weights:
        key = find_key(options, FLOAT32)
        loaded = load_model(options)
        print_taken(options, loaded.taken)
        if loaded.complete:
            yield _BenchModel(
                loaded.own_network, options, Path(options.weights).name, key, loaded.warnings
            )
            return
    if options.cfg is None:
        raise UsageError(
            "layers without weights",
            where=options.weights,
            expected="the weights of all layers, or a cfg alone",
        )
    with TemporaryDirectory(prefix="dtorch-") as folder:
        weights = Path(folder) / "noise.weights"
        network = _write_noise(options, weights)
        own = replace(options, weights=str(weights))
        key = find_key(own, FLOAT32)
        yield _BenchModel(network, own, _RANDOM, key, (), Path(folder) / "engines", _NOT_KEPT)


def _write_noise(options: BenchOptions, path: Path) -> Network:
    """Write random weights with which all layers compute finite numbers; the network with them."""
    from darknet_torch.loading.load import load_model as load
    from darknet_torch.model.noise_statistics import noise, set_rolling_statistics
    from darknet_torch.model.weights import write_weights

    with report_warnings(options):
        network = load(**loading_arguments(options) | {"weights": None}).network
    set_rolling_statistics(network, noise(network, 2))
    write_weights(network, path)
    return network


def _choose_threads(options: BenchOptions) -> int:
    import torch

    from darknet_torch.inference.threads import use_threads

    return use_threads(options.threads, torch.device("cpu"), options.print_remark)


def _measure_int8(options: BenchOptions, model: _BenchModel) -> Int8Report:
    """Prepare the engines in int8, which needs weights that find something.

    Raises:
        UsageError: there are no weights, no engine is installed, or no data set; and as
            `prepare_int8`.
    """
    from darknet_torch.engines.cache import EngineCache

    if model.folder is not None:
        raise UsageError(
            "int8 is calibrated with trained weights",
            where=options.cfg,
            expected="dtorch bench CFG WEIGHTS --precision int8 --data DATA",
            got=model.weights,
        )
    missing = _find_missing(options)
    names = [name for name in options.engines if name not in missing]
    if not names:
        raise UsageError(
            "no engine to prepare in int8",
            expected=f"--backend {' or '.join(ENGINES)}, installed",
            got=" ".join(f"--backend {name}" for name in options.backend) or None,
            fix=" or ".join(missing.values()) or "leave out --backend",
        )
    threads = _choose_threads(options)
    preparation = _preparation(model, EngineCache(), threads)
    return prepare_int8(preparation, names, options, _subject(options, model, threads, missing))


def _measure(options: BenchOptions, model: _BenchModel) -> BenchReport:
    """Prepare the engines and measure them."""
    from darknet_torch.engines.cache import CacheError, EngineCache

    threads = _choose_threads(options)
    missing = _find_missing(options)
    names = [name for name in options.engines if name not in missing]
    options.print_remark(f"measuring {', '.join([TORCH, *names])} in turns")
    note = model.note
    try:
        found = _prepare_and_measure(model, EngineCache(model.folder), names, threads)
    except CacheError as error:
        note = f"nothing is kept in the cache: {error}"
        with TemporaryDirectory(prefix="dtorch-") as folder:
            found = _prepare_and_measure(model, EngineCache(Path(folder)), names, threads)
    return BenchReport(
        _subject(options, model, threads, missing),
        found.comparison,
        {name: prepared.difference for name, prepared in found.prepared.items()},
        found.failures,
        note,
    )


def _subject(
    options: BenchOptions, model: _BenchModel, threads: int, missing: Mapping[str, str]
) -> Subject:
    net = model.network.net
    name = f"{_name(options)} {net.width}x{net.height}"
    return Subject(name, model.weights, machine_name(), threads, missing)


def _name(options: BenchOptions) -> str:
    """The name of the network for people."""
    if options.cfg:
        return find_cfg(options.cfg).stem
    assert options.weights is not None, "there is a cfg or there are weights"
    return Path(options.weights).stem


def _find_missing(options: BenchOptions) -> dict[str, str]:
    """The engines that are not installed, and how to install them."""
    from darknet_torch.engines.engine import find_engine

    engines = {name: find_engine(name) for name in options.engines}
    return {
        name: install_command(engine.extra, engine.package)
        for name, engine in engines.items()
        if engine.version() is None
    }


def _prepare_and_measure(
    model: _BenchModel, cache: EngineCache, names: Sequence[str], threads: int
) -> EngineBench:
    from darknet_torch.inference.engine_bench import prepare_and_measure

    preparation = _preparation(model, cache, threads)
    arguments = loading_arguments(model.options)
    return prepare_and_measure(preparation, names, arguments, model.options.effort)


def _preparation(model: _BenchModel, cache: EngineCache, threads: int) -> Preparation:
    from darknet_torch.engines.engine import EngineSettings
    from darknet_torch.inference.preparing import Preparation

    key = find_key(model.options, FLOAT32)
    if key is None or key != model.key:
        raise UsageError(CHANGED, where=model.options.weights, fix=CHANGED_FIX)
    return Preparation(model.network, key, cache, EngineSettings(threads), model.warnings)
