"""Loading a model into what will run it: the engine that --backend names, the fastest, or PyTorch.

What is prepared for an engine is found without importing PyTorch.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.cli.model_loading import (
    LoadedModel,
    RunModelOptions,
    complete_model,
    load_on_device,
    load_prepared,
    loading_arguments,
)
from darknet_torch.cli.options import ModelOptions
from darknet_torch.cli.reporting import report_warnings
from darknet_torch.cpu.cores import threads_to_compute
from darknet_torch.cpu.gpus import may_have_gpu
from darknet_torch.engines.names import AUTO, TORCH
from darknet_torch.errors import DarknetError, UsageError
from darknet_torch.media.sources import PictureSource
from darknet_torch.ops.precision_names import FLOAT32, INT8

if TYPE_CHECKING:
    from darknet_torch.engines.cache import EngineCache
    from darknet_torch.engines.engine import EngineSettings
    from darknet_torch.engines.model import EngineModel
    from darknet_torch.engines.model_key import ModelKey
    from darknet_torch.engines.prepared import PreparedModel
    from darknet_torch.inference.preparing import Preparation

# A job of fewer pictures is shorter than what `worth_preparing` asks for, with any network that
# takes less than a second; so it need not be timed.
_FEWEST = 300
_TIMED_RUNS = 2


def expected_pictures(groups: Sequence[Sequence[PictureSource]] | object) -> int | None:
    """Return how many pictures and frames a run will process; None for one without an end.

    Args:
        groups: of sources, see `SourceRun.run`; an iterator, which asks for a picture at a time,
            counts as one.
    """
    from darknet_torch.media.video_reader import expected_frames

    if isinstance(groups, Iterator) or not isinstance(groups, Sequence):
        return 1
    total = 0
    for sources in groups:
        for source in sources:
            frames = expected_frames(source)
            if frames is None:
                return None
            total += frames
    return total


def load_for_pictures(options: RunModelOptions, pictures: int | None = 1) -> LoadedModel:
    """Load a model into what will run it, and say which engine that is if it was chosen.

    With --backend auto it is the fastest of those that are prepared and were measured, else
    PyTorch; before a long job the engines are prepared and measured first. An engine that is
    named is prepared when it is first used. On a GPU nothing is prepared.

    Args:
        options: of the model and how to run it.
        pictures: how many will be processed; None for a stream without an end.

    Raises:
        CfgError, WeightsError, UsageError: as `load_on_device`; an engine is not installed, or
            cannot run this model.
    """
    if not _may_use_engine(options):
        return load_on_device(options)
    options = complete_model(options)
    key = find_key(options, options.precision)
    if key is None:  # loading says why
        return load_on_device(options)
    job = _Job(options, key, pictures)
    loaded = load_on_device(options) if options.strict else None
    model = job.find()
    if model is not None:
        return load_prepared(options, model)
    if options.precision == INT8:
        _refuse_int8(options)
    loaded = loaded or load_on_device(options)
    model = job.prepare(loaded)
    return loaded if model is None else replace(loaded, network=model)


def _refuse_int8(options: RunModelOptions) -> None:
    raise UsageError(
        "is not prepared in int8" + ("" if options.backend == AUTO else f" for {options.backend}"),
        where=options.weights,
        fix=f"dtorch bench {options.cfg or ''} {options.weights} --precision int8 --data DATA",
    )


def backend_of(options: RunModelOptions) -> str:
    """Return what runs a network that `load_for_pictures` returned."""
    return TORCH if options.backend == AUTO else options.backend


def _may_use_engine(options: RunModelOptions) -> bool:
    """Whether something that is prepared for an engine on the CPU may be used."""
    if options.backend == TORCH or options.precision not in (FLOAT32, INT8):
        return False
    on_cpu = options.device == "cpu" or (options.device == "auto" and not may_have_gpu())
    return on_cpu and (options.optimize or options.backend != AUTO)


def find_key(options: ModelOptions, precision: str) -> ModelKey | None:
    """Return the key of the model that the options name, with the layers' precision.

    Returns:
        The key; None without weights or a readable file.

    Raises:
        WeightsError: there are no weights of that name.
    """
    from darknet_torch.downloads.model_files import resolve_weights
    from darknet_torch.engines.model_key import find_model_key

    if not options.weights:
        return None
    return find_model_key(
        find_cfg(options.cfg) if options.cfg else None,
        resolve_weights(options.weights),
        width=options.width,
        height=options.height,
        dialect=options.dialect,
        strict=not options.allow_leftover,
        precision=precision,
    )


class _Job:
    """A model, and the pictures that it will be run on.

    Args:
        options: of the model.
        key: of the model.
        pictures: how many there are; None for a stream without an end.
    """

    def __init__(self, options: RunModelOptions, key: ModelKey, pictures: int | None) -> None:
        from darknet_torch.engines.cache import EngineCache

        self._options, self._key, self._pictures = options, key, pictures
        self._cache: EngineCache = EngineCache()

    @property
    def _settings(self) -> EngineSettings:
        from darknet_torch.engines.engine import EngineSettings

        return EngineSettings(threads_to_compute(self._options.threads))

    def find(self) -> EngineModel | None:
        """Load what is prepared for the engine that is named or fastest; None for PyTorch."""
        from darknet_torch.engines.prepared import find_prepared

        if self._options.backend != AUTO:
            prepared = find_prepared(self._cache, self._key, self._options.backend)
            return None if prepared is None else self._load(prepared, again=True)
        return self._find_fastest(again=True)

    def _find_fastest(self, *, again: bool) -> EngineModel | None:
        """Load what is fastest; `again` as for `_load`."""
        from darknet_torch.engines.choice import choose, fastest
        from darknet_torch.engines.prepared import find_prepared, find_speeds, installed_versions

        speeds = find_speeds(self._cache, self._key)
        if speeds is None:
            return None
        versions = installed_versions()
        among = fastest if self._options.precision == INT8 else choose
        while True:
            choice = among(speeds, self._pictures, versions)
            if choice is None or choice.name == TORCH:
                return None
            prepared = find_prepared(self._cache, self._key, choice.name)
            if prepared is not None:
                self._options.print_remark(f"engine: {prepared.title}, the fastest for this job")
                return self._load(prepared, again=again)
            del versions[choice.name]  # it was measured, but removed from the cache since

    def _load(self, prepared: PreparedModel, *, again: bool) -> EngineModel | None:
        """Load a prepared model; None if the engine refuses its files, which are removed then.

        Args:
            prepared: the model.
            again: print the warnings about its cfg, which no loading of the network has printed.
        """
        import cv2

        from darknet_torch.engines.cache import CacheError

        settings = self._settings
        cv2.setNumThreads(settings.threads)
        try:
            model = prepared.load(settings)
        except DarknetError as error:
            self._options.print_remark(f"warning: {error}; it is prepared again")
            with suppress(CacheError):  # a cache that may only be read
                self._cache.remove(prepared.folder.name)
            return None
        if again and not self._options.strict:  # strict has loaded the network
            with report_warnings(self._options):
                prepared.warn()
        return model

    def prepare(self, loaded: LoadedModel) -> EngineModel | None:
        """Prepare the model where that is asked for or pays; None for PyTorch.

        Args:
            loaded: the model with PyTorch. Random numbers in layers without weights differ from
                run to run, so that such a model is not prepared; nor is one whose files were
                replaced since the key was found: which of them were loaded is not known.
        """
        if not loaded.complete or find_key(self._options, self._options.precision) != self._key:
            return None
        if self._options.backend != AUTO:
            return self._prepare_named(loaded)
        return self._prepare_all(loaded) if self._pays(loaded) else None

    def _prepare_named(self, loaded: LoadedModel) -> EngineModel | None:
        """Prepare the engine that is named; None if nothing can be stored."""
        from darknet_torch.engines.cache import CacheError

        name = self._options.backend
        self._options.print_remark(f"preparing {name} for this model, once")
        try:
            return self._load(self._preparation(loaded).prepare(name), again=False)
        except CacheError as error:
            self._options.print_remark(f"note: {name} is prepared for this run only: {error}")
            return None

    def _preparation(self, loaded: LoadedModel) -> Preparation:
        from darknet_torch.inference.preparing import Preparation

        return Preparation(
            loaded.own_network, self._key, self._cache, self._settings, loaded.warnings
        )

    def _pays(self, loaded: LoadedModel) -> bool:
        """Whether the job is so long that preparing and measuring engines pays.

        Nothing does where the cache may take no bytes: a user can switch it off that way.
        """
        from darknet_torch.engines.cache_limit import cache_limit
        from darknet_torch.engines.choice import worth_preparing
        from darknet_torch.engines.prepared import find_speeds, installed_versions

        is_short = self._pictures is not None and self._pictures < _FEWEST
        if is_short or not cache_limit():
            return False
        versions = installed_versions()
        speeds = find_speeds(self._cache, self._key)
        if speeds is not None:
            measured = {name: speed.version for name, speed in speeds.engines.items()}
            if all(measured.get(name) == version for name, version in versions.items()):
                return False
        return bool(versions) and worth_preparing(self._pictures, _seconds(loaded))

    def _prepare_all(self, loaded: LoadedModel) -> EngineModel | None:
        """Prepare and measure all installed engines, and load the fastest."""
        from darknet_torch.engines.prepared import installed_versions
        from darknet_torch.inference.engine_bench import prepare_and_measure
        from darknet_torch.inference.engine_speeds import QUICK

        report, names = self._options.print_remark, installed_versions()
        report(f"preparing {' and '.join(names)} for this long job; --backend torch skips it")
        try:
            preparation = self._preparation(loaded)
            arguments = loading_arguments(self._options)
            found = prepare_and_measure(preparation, names, arguments, QUICK)
        except DarknetError as error:
            report(f"note: PyTorch runs this job: {error}")
            return None
        for name, reason in {**found.failures, **found.comparison.failures}.items():
            report(f"note: {name} is left out: {reason}")
        model = self._find_fastest(again=False)
        if model is None:
            report("engine: PyTorch, the fastest for this job")
        return model


def _seconds(loaded: LoadedModel) -> float:
    """The seconds that PyTorch takes for one picture of noise, the least of some runs."""
    from darknet_torch.inference.backends.pytorch import TorchBackend
    from darknet_torch.inference.description import describe_network
    from darknet_torch.inference.preparing import make_probe

    network = loaded.own_network
    backend, picture, times = TorchBackend(network), make_probe(describe_network(network), 1), []
    for _ in range(_TIMED_RUNS):
        start = time.perf_counter()
        backend.predict(picture)
        times.append(time.perf_counter() - start)
    return min(times)
