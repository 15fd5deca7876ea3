"""The network of a plan: without values, at its start, and after its training."""

from __future__ import annotations

import warnings
from dataclasses import replace

from darknet_torch.cfg.dialect import Dialect, find_dialect, without_bugs
from darknet_torch.cfg.size_limits import allowing_large_networks
from darknet_torch.errors import CfgWarning
from darknet_torch.model.loading import build, fill, find_device
from darknet_torch.model.network import Network
from darknet_torch.model.weights import LoadReport
from darknet_torch.training.batch_sizes import check_batch
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.run_folder import WEIGHTS
from darknet_torch.training.starting_weights import fill_to_train


def start_network(plan: TrainPlan) -> tuple[Network, LoadReport | None]:
    """The network of a plan with the values that a new run starts from.

    Returns:
        The network, and what was read of the plan's weights; None without weights.

    Raises:
        CfgError, WeightsError: as `darknet_torch.load`.
    """
    network, loaded = build_of_plan(plan), None
    if plan.weights is None:
        network.initialize()
    else:
        loaded = fill_to_train(network, plan.weights, plan)
    if plan.clear or plan.weights is None:
        network.header = type(network.header)(*network.dialect.weight_file.version)
    return network, loaded


def trained_network(plan: TrainPlan) -> Network:
    """The network of a plan with the weights after the last iteration, on the plan's device.

    Raises:
        WeightsError: there are none.
    """
    network = build_of_plan(plan)
    fill(network, plan.path(f"_final{WEIGHTS}"), strict=True)
    return network.to(find_device(plan.device))


def build_of_plan(plan: TrainPlan) -> Network:
    """The network of a plan, whose arrays have no values yet.

    Raises:
        CfgError: as `darknet_torch.load`, or the batch is too large, see `check_batch`.
    """
    network = build(
        plan.cfg,
        width=plan.width,
        height=plan.height,
        batch=plan.batch,
        subdivisions=plan.subdivisions,
        net_options={**(plan.net_options or {}), **plan.kept_net_options},
        dialect=_dialect(plan),
        arithmetic="c_order" if plan.exact_order else "fast",
        allow_large=plan.allow_large,
    )
    with allowing_large_networks(plan.allow_large):
        check_batch(network.net)
    return network


def build_at(plan: TrainPlan, width: int, height: int) -> Network:
    """The network of a plan at another size; what is to be said of its cfg was said before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        return build_of_plan(replace(plan, width=width, height=height))


def _dialect(plan: TrainPlan) -> Dialect:
    dialect = find_dialect(plan.dialect)
    if plan.darknet_bugs == "fix":
        dialect = without_bugs(dialect)
    if plan.bn_momentum is not None:
        numerics = replace(
            dialect.numerics,
            rolling_step=plan.bn_momentum,
            connected_rolling_step=plan.bn_momentum,
        )
        dialect = replace(dialect, numerics=numerics)
    return dialect
