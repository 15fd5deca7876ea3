"""`load_engine`: from names of files to the model of an engine. No torch is imported."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from darknet_torch.arguments import check_path
from darknet_torch.cpu.cores import threads_to_compute
from darknet_torch.downloads.model_files import ModelFiles, resolve_model
from darknet_torch.downloads.model_search import find_class_names
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.engine import EngineSettings, find_engine
from darknet_torch.engines.model import EngineModel
from darknet_torch.engines.model_key import CHANGED, CHANGED_FIX, ModelKey, find_model_key
from darknet_torch.engines.prepared import PreparedModel, find_prepared
from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.ops.precision_names import FLOAT32


def load_engine(
    cfg: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    engine: str,
    width: int | None = None,
    height: int | None = None,
    dialect: str = "alexeyab",
    strict: bool = True,
    threads: int | None = None,
) -> EngineModel:
    """Load a model into an engine, for `Detector` and `Classifier`, on the CPU in float32.

    The first time, PyTorch loads the network, exports it, compares the engine's outputs with its
    own, and what was prepared is kept in the user's cache. Later it is loaded from there, without
    importing PyTorch, as long as neither the content of the files nor the engine's version
    changes.

    Args:
        cfg, weights, width, height, dialect, strict: as in `load`. Without weights, those are
            taken that have the name of the cfg.
        engine: "onnxruntime" or "openvino".
        threads: how many it may use, 1 or more; by default as many as there are usable cores.

    Returns:
        The model, with the names of its classes that `load` would find.

    Warns:
        CfgWarning: as `load`.

    Raises:
        CfgError, WeightsError, UsageError: as `load`; also UsageError for an unknown engine, one
            that is not installed or cannot run the network, a cache that cannot be written, and
            weights that are missing or not those of all layers.
    """
    check_path("cfg", cfg, expected="the path of a cfg or weights, or the name of a shipped cfg")
    if weights is not None:
        check_path("weights", weights, expected="the path of a weight file, or a name")
    find_engine(engine)
    options: dict[str, Any] = {
        "width": width,
        "height": height,
        "dialect": dialect,
        "strict": strict,
    }
    files = resolve_model(cfg, weights, default_weights=True, mismatch=_mismatch(options))
    assert files.weights is not None, "without weights it is an error"
    settings = EngineSettings(threads_to_compute(threads))
    cache = EngineCache()
    key = find_model_key(files.cfg, files.weights, **options, precision=FLOAT32)
    prepared = find_prepared(cache, key, engine) if key else None
    if prepared is not None:
        with suppress(UsageError):  # removed by another process since, or refused by the engine
            model = prepared.load(settings)
            prepared.warn()
            return _named(model, files)
    model = _prepare(files, options, engine, key, cache, settings).load(settings)
    return _named(model, files)


def _named(model: EngineModel, files: ModelFiles) -> EngineModel:
    """The model with the names that the names of the files lead to, if it has none.

    They are not kept in the cache: they belong to where the files lie, not to their content.
    """
    described = model.description
    if described.names:
        return model
    found = find_class_names(
        [files.cfg, files.weights], described.classes, is_detector=bool(described.heads)
    )
    return EngineModel(replace(described, names=found), model.session, model.title)


def _mismatch(options: dict[str, Any]) -> Any:
    """What says why weights do not fit a cfg; it imports PyTorch when it is asked."""

    def mismatch(cfg: Path, weights: Path) -> str | None:
        from darknet_torch.model.weight_fit import find_mismatch

        sizes = {name: options[name] for name in ("width", "height", "strict")}
        return find_mismatch(**sizes)(cfg, weights)

    return mismatch


def _prepare(
    files: ModelFiles,
    options: dict[str, Any],
    engine: str,
    key: ModelKey | None,
    cache: EngineCache,
    settings: EngineSettings,
) -> PreparedModel:
    from darknet_torch.inference.preparing import Preparation
    from darknet_torch.loading.load import load_model

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CfgWarning)
        model = load_model(files.cfg, files.weights, **options)
    for one in caught:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    issued = [one.message for one in caught if isinstance(one.message, CfgWarning)]
    if model.report is None or not model.report.complete:
        raise UsageError(
            "these are not the weights of all layers",
            where=files.weights,
            got=str(model.report),
            fix="load the network with darknet_torch.load",
        )
    assert files.weights is not None, "checked before"
    if key is None or key != find_model_key(
        files.cfg, files.weights, **options, precision=FLOAT32
    ):
        raise UsageError(CHANGED, where=files.weights, fix=CHANGED_FIX)
    return Preparation(model.network.eval(), key, cache, settings, issued).prepare(engine)
