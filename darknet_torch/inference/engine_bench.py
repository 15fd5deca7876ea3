"""Preparing a model for engines, and measuring them and PyTorch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from darknet_torch.engines.cache import CacheError
from darknet_torch.engines.choice import Speeds
from darknet_torch.engines.description import ModelDescription
from darknet_torch.engines.names import TORCH
from darknet_torch.engines.prepared import (
    PreparedModel,
    find_prepared,
    find_speeds,
    store_speeds,
)
from darknet_torch.errors import DarknetError
from darknet_torch.inference.engine_speeds import Comparison, Effort, Job, check_measured, compare
from darknet_torch.inference.preparing import Preparation


@dataclass(frozen=True)
class EngineBench:
    """What was prepared and measured.

    Attributes:
        jobs: engine -> what its process loads.
        comparison: the speeds, PyTorch's among them.
        prepared: engine -> the model that is prepared for it.
        failures: engine -> why it was not prepared.
    """

    jobs: Mapping[str, Job]
    comparison: Comparison
    prepared: Mapping[str, PreparedModel]
    failures: Mapping[str, str]


def prepare_and_measure(
    preparation: Preparation,
    names: Collection[str],
    network: Mapping[str, Any],
    effort: Effort,
) -> EngineBench:
    """Prepare a model for engines, unless it is prepared already, and measure them and PyTorch.

    The speeds are stored where the models are, so that `find_speeds` finds them.

    Args:
        preparation: of the model.
        names: of the engines.
        network: the arguments of `darknet_torch.loading.load.load_model`, from which PyTorch's
            process loads the same network.
        effort: how long to measure.

    Raises:
        UsageError: PyTorch could not be measured.
        CacheError: the speeds cannot be stored.
    """
    prepared, failures = _prepare(preparation, names)
    shape = _shape(preparation.description)
    threads = preparation.settings.threads
    jobs = {TORCH: Job(TORCH, shape, threads, network=network)}
    jobs |= {
        name: Job(name, shape, threads, str(model.folder)) for name, model in prepared.items()
    }
    comparison = compare(jobs, effort)
    check_measured(comparison)
    _remember(preparation, comparison.speeds)
    return EngineBench(jobs, comparison, prepared, failures)


def _remember(preparation: Preparation, speeds: Speeds) -> None:
    """Store speeds; those of engines that were measured before, in the same way, stay."""
    before = find_speeds(preparation.cache, preparation.key)
    if before is not None and before.threads == speeds.threads:
        speeds = replace(speeds, engines={**before.engines, **speeds.engines})
    store_speeds(preparation.cache, preparation.key, speeds)


def _prepare(
    preparation: Preparation, names: Collection[str]
) -> tuple[dict[str, PreparedModel], dict[str, str]]:
    """Return engine -> its model, and engine -> why it was not prepared."""
    prepared, failures = dict[str, PreparedModel](), dict[str, str]()
    for name in names:
        try:
            found = find_prepared(preparation.cache, preparation.key, name)
            prepared[name] = found or preparation.prepare(name)
        except CacheError:
            raise
        except DarknetError as error:
            failures[name] = str(error)
    return prepared, failures


def _shape(model: ModelDescription) -> tuple[int, int, int]:
    return model.channels, model.height, model.width
